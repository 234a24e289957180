"""The store on PostgreSQL."""

import pytest

from monitor.ports import Store
from monitor.store.sql import SqlStore
from monitor.testing.posts_contract import PostsContract
from monitor.testing.store_contract import StoreContract


class TestPostgres(StoreContract):
    @pytest.fixture
    def store(self, postgres_store: SqlStore) -> Store:
        return postgres_store


class TestPosts(PostsContract):
    @pytest.fixture
    def store(self, postgres_store: SqlStore) -> Store:
        return postgres_store

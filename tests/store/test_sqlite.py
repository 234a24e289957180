"""The store on SQLite."""

import pytest

from monitor.ports import Store
from monitor.store.sql import SqlStore
from monitor.testing.posts_contract import PostsContract
from monitor.testing.store_contract import StoreContract


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, sqlite_store: SqlStore) -> Store:
        return sqlite_store


class TestPosts(PostsContract):
    @pytest.fixture
    def store(self, sqlite_store: SqlStore) -> Store:
        return sqlite_store

"""The steps of the pipeline: plain functions over the store, each asking it what is due."""

"""Breadth and cover: what is open, the network of families, its nested cuts and its flow."""

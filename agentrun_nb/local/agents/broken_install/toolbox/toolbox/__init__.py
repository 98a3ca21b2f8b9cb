"""A package whose grammar is compiled when it is built."""


def greet():
    return "hello"

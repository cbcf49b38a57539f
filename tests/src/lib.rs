//! Nothing but tests: `tests/stack/` tells stories against a running stack.

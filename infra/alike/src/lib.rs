//! Nothing but dependencies. Built beside the functions for this machine, it makes cargo give the crates they stand on
//! the features these have in tests, so that they and the functions are built once and not twice; the AWS SDK is most of a
//! cold build. Nothing of the in-memory sides is called there, so nothing of them gets into a binary.
//! A test in `infra/xtask/src/functions.rs` says which feature is missing here. What goes to AWS is built without it.

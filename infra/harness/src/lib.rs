//! What drives the functions from outside: the seeder and the demo against a running stack, the simulation and
//! the bench against in-memory AWS.

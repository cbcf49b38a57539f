//! What drives the functions from outside: the seeder and the demo against a running stack, the simulation and
//! the bench against in-memory AWS.

pub mod accounts;
pub mod bench;
pub mod bookings;
pub mod canary;
pub mod day;
pub mod demo;
pub mod scenarios;
pub mod seed;
pub mod signed;
pub mod sim;
pub mod stack;
pub mod staff;
pub mod verify;
pub mod world;

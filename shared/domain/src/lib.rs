//! The pure rules of Waybill: orders, stock, allocation, service choice and retention.
//!
//! No I/O, no AWS and no clock: every function takes what it needs, "now" included, and returns a
//! decision. Personal data is not here either; a domain order only knows whether some exists.

pub mod access;
pub mod advice;
pub mod aggregate;
pub mod allocation;
pub mod anomaly;
pub mod backorder;
pub mod booking;
pub mod boxes;
pub mod breaker;
pub mod catalogue;
pub mod cover;
pub mod customs;
pub mod event;
pub mod exception;
pub mod hold;
pub mod id;
pub mod incident;
pub mod instructions;
pub mod intake;
pub mod manifest;
pub mod money;
pub mod order;
pub mod packing;
pub mod passed;
pub mod picking;
pub mod places;
pub mod polling;
pub mod rate;
pub mod register;
pub mod remedy;
pub mod request;
pub mod retention;
pub mod sender;
pub mod service;
pub mod shipment;
pub mod sourcing;
pub mod stock;
pub mod subscription;
pub mod time;
pub mod tracking;

pub use id::{
    ConnectionId, DeliveryId, IncidentId, LineId, ManifestId, MerchantId, OrderId, RequestId, ShipmentId,
    SubscriptionId, WarehouseId,
};

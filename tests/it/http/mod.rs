//! Both listeners as a client meets them: real sockets, raw bytes, the memory store behind.

mod api;
mod broadcasts;
mod console;
mod description;
mod events;
mod forged;
mod handoffs;
mod house;
mod limits;
mod pages;
mod reading;
mod webhooks;

//! The console whole, as a browser sees it: sessions, forms, pages, and whether everybody can use them.

pub mod browser;
mod contrast;
mod keeping;
mod law;
mod markup;
mod pages;
mod sessions;

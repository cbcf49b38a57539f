//! One driver for each channel: what buyers, merchants and platforms do at it, and what it shows.

use super::bodies::Wanted;
use crate::accounts::ACCOUNT;
use crate::world::SHOP;
use http::Method;
use serde_json::{Value, json};
use waybill_domain::order::Channel;
use waybill_sandbox::{Call, Sandbox};

/// A parcel as the channel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its tracking number.
    pub number: String,
    /// How many pieces are in it; `None` where the channel shows a number and no goods.
    pub pieces: Option<u64>,
}

/// An order as the channel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// It is not wanted any more.
    pub cancelled: bool,
    /// Its state in the channel's own words.
    pub status: String,
    /// Its parcels.
    pub tracking: Vec<Parcel>,
}

/// How a delivery is made on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letter {
    /// As usual, and once more.
    Twice,
    /// Well signed, and no order at all.
    Garbled,
    /// Signed by somebody else.
    Forged,
    /// Signed with the secret, or the one of two keys, of before a rotation.
    Previous,
}

/// The driver of one channel's account in the sandbox.
#[derive(Clone)]
pub struct Road {
    /// Which channel.
    pub channel: Channel,
    /// Where.
    pub sandbox: Sandbox,
}

type Did<T> = Result<T, String>;

impl Road {
    /// Asks the sandbox's control door.
    ///
    /// # Errors
    /// What the door says is wrong.
    pub fn control(&self, method: Method, path: &str, body: &Value) -> Did<Value> {
        let reply = self.sandbox.answer(&Call::new(method.clone(), path).json(body));
        match reply.status {
            200 => Ok(reply.value()),
            _ => Err(format!("{method} {path}: {}", reply.value()["error"])),
        }
    }

    /// `rest` below the account.
    fn at(&self, rest: &str) -> String {
        match self.channel {
            Channel::Shopify => format!("/control/{rest}"),
            Channel::WooCommerce | Channel::Magento | Channel::Amazon | Channel::Ebay => {
                format!("/control/{}/{ACCOUNT}/{rest}", self.channel.as_str())
            }
        }
    }

    /// Buyers place orders, and the channel tells us as it does; gives the channel's keys.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn arrive(&self, wanted: &[Wanted]) -> Did<Vec<String>> {
        let now = self.sandbox.now();
        let orders: Vec<Value> = wanted.iter().map(|one| one.body(self.channel, now)).collect();
        // Shops that send by themselves do so; eBay confirms orders, Amazon queues a notification.
        let body = match self.channel {
            Channel::Shopify => json!({"shop": SHOP, "orders": orders, "split": 1}),
            Channel::WooCommerce | Channel::Magento => json!({"orders": orders}),
            Channel::Amazon | Channel::Ebay => json!({"orders": orders, "deliver": true}),
        };
        let done = self.control(Method::PUT, &self.at("orders"), &body)?;
        Ok(done["orders"].as_array().into_iter().flatten().map(text).collect())
    }

    fn change(&self, id: &str, verb: &str, body: &Value) -> Did<Value> {
        let rest = match self.channel {
            Channel::Shopify => format!("orders/{SHOP}/{id}/{verb}"),
            _ => format!("orders/{id}/{verb}"),
        };
        self.control(Method::POST, &self.at(&rest), body)
    }

    /// The merchant edits an order to so many pieces of a SKU; gives the key of the order that stands then.
    ///
    /// # Errors
    /// As the sandbox says; always at eBay, where an order cannot be edited.
    pub fn edit(&self, id: &str, sku: &str, pieces: u32) -> Did<String> {
        let done = self.change(id, "edit", &json!({"lines": {sku: pieces}}))?;
        Ok(match self.channel {
            // Magento cancels the order and makes another.
            Channel::Magento => text(&done["order"]),
            Channel::Shopify | Channel::WooCommerce | Channel::Amazon | Channel::Ebay => id.to_owned(),
        })
    }

    /// An order is cancelled.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn cancel(&self, id: &str) -> Did<()> {
        self.change(id, "cancel", &json!({})).map(|_| ())
    }

    /// Pieces of a SKU are refunded before they were sent.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn refund(&self, id: &str, sku: &str, pieces: u32) -> Did<()> {
        self.change(id, "refund", &json!({"lines": {sku: pieces}, "restock": true})).map(|_| ())
    }

    /// The merchant puts an order on hold at the channel, or releases it.
    ///
    /// # Errors
    /// As the sandbox says; always where an order cannot be held.
    pub fn hold(&self, id: &str, held: bool) -> Did<()> {
        let verb = match (self.channel, held) {
            (_, true) => "hold",
            // WooCommerce has no word for it: the order is set to be worked on again.
            (Channel::WooCommerce, false) => "pay",
            (_, false) => "release",
        };
        self.change(id, verb, &json!({})).map(|_| ())
    }

    /// Somebody deletes an order at the channel for good.
    ///
    /// # Errors
    /// As the sandbox says; always where orders cannot be deleted.
    pub fn delete(&self, id: &str) -> Did<()> {
        self.change(id, "delete", &json!({})).map(|_| ())
    }

    /// An order that was not paid is.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn pay(&self, id: &str) -> Did<()> {
        match self.channel {
            Channel::Shopify => self.change(id, "patch", &json!({"financial_status": "paid"})),
            _ => self.change(id, "pay", &json!({})),
        }
        .map(|_| ())
    }

    /// An order goes to Leeds after all.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn move_to_leeds(&self, id: &str) -> Did<()> {
        let field = match self.channel {
            Channel::Shopify => "zip",
            Channel::WooCommerce | Channel::Magento => "postcode",
            Channel::Amazon | Channel::Ebay => "postalCode",
        };
        self.change(id, "address", &json!({field: "LS1 4AB"})).map(|_| ())
    }

    /// The channel forgets the buyer and tells everybody as it does. False where a channel never does: our own
    /// timer is then all there is.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn erase(&self, id: &str) -> Did<bool> {
        match self.channel {
            Channel::Shopify => {
                let number: i64 = id.parse().map_err(|_| "a Shopify order is a number")?;
                let body = json!({"shop": SHOP, "topic": "customers/redact", "order": number});
                self.control(Method::POST, "/control/deliver", &body).map(|_| true)
            }
            Channel::WooCommerce | Channel::Ebay => self.change(id, "erase", &json!({})).map(|_| true),
            Channel::Magento | Channel::Amazon => Ok(false),
        }
    }

    /// The channel sends a delivery about an order, other than the usual one.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn deliver(&self, id: &str, letter: Letter) -> Did<()> {
        let number = id.parse::<i64>().unwrap_or(0);
        let mut body = match self.channel {
            Channel::Shopify => json!({"shop": SHOP, "topic": "orders/create", "order": number}),
            Channel::WooCommerce => json!({"order": number, "what": "order.created"}),
            Channel::Magento => json!({"order": number}),
            Channel::Amazon | Channel::Ebay => json!({"order": id}),
        };
        match letter {
            Letter::Twice => body["copies"] = json!(2),
            // Adobe's events name whom they are for, which is a part of their signature's check.
            Letter::Garbled => {
                body["payload"] = json!({
                    "type": "com.adobe.commerce.observer.sales_order_save_commit_after", "id": "garbled",
                    "recipientclientid": "magento-events-client", "data": {"value": {"garbled": true}},
                });
            }
            Letter::Forged => body["wrong_signature"] = json!(true),
            Letter::Previous => body["previous_secret"] = json!(true),
        }
        self.control(Method::POST, &self.at("deliver"), &body).map(|_| ())
    }

    /// Every access token the channel gave ends.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn expire_tokens(&self) -> Did<()> {
        self.control(Method::POST, &self.at("tokens"), &json!({"expire": true})).map(|_| ())
    }

    /// Spoils the first line of an order so that nobody can read it.
    ///
    /// # Errors
    /// When there is no such order.
    pub fn spoil(&self, id: &str) -> Did<()> {
        let (number, bad) = (id.parse::<i64>().unwrap_or(0), json!("many"));
        let spoilt = self.sandbox.with_state(|state| {
            let (body, pointer) = match self.channel {
                Channel::Shopify => {
                    let body = &mut state.shops.get_mut(SHOP)?.orders.get_mut(&number)?.body;
                    (body, "/line_items/0/current_quantity")
                }
                Channel::WooCommerce => {
                    let account = state.woocommerce.accounts.get_mut(ACCOUNT)?;
                    let order = account.orders.get_mut(&u64::try_from(number).ok()?)?;
                    (&mut order.body, "/line_items/0/quantity")
                }
                Channel::Magento => {
                    let account = state.magento.accounts.get_mut(ACCOUNT)?;
                    (account.orders.get_mut(&number)?, "/items/0/qty_ordered")
                }
                Channel::Amazon => {
                    let account = state.amazon.accounts.get_mut(ACCOUNT)?;
                    (&mut account.orders.get_mut(id)?.body, "/orderItems/0/quantityOrdered")
                }
                Channel::Ebay => {
                    let account = state.ebay.accounts.get_mut(ACCOUNT)?;
                    (&mut account.orders.get_mut(id)?.body, "/lineItems/0/quantity")
                }
            };
            *body.pointer_mut(pointer)? = bad;
            Some(())
        });
        spoilt.ok_or_else(|| format!("there is no order {id} to spoil"))
    }

    /// What the channel shows of an order.
    ///
    /// # Errors
    /// When it shows no such order.
    pub fn shown(&self, id: &str) -> Did<Shown> {
        if self.channel == Channel::Shopify {
            return self.shown_by_shopify(id).ok_or_else(|| format!("the shop shows no order {id}"));
        }
        let all = self.control(Method::GET, &self.at("orders"), &Value::Null)?;
        let rows = all.as_array().into_iter().flatten();
        let row = rows.into_iter().find(|row| text(&row["id"]) == id);
        let row = row.ok_or_else(|| format!("the channel shows no order {id}"))?;
        let parcel = |one: &Value| {
            let lines = one["lines"].as_array().filter(|lines| !lines.is_empty());
            let pieces = lines.map(|all| all.iter().filter_map(|line| line["quantity"].as_u64()).sum());
            Parcel { number: text(&one["number"]), pieces }
        };
        Ok(Shown {
            cancelled: row["cancelled"] == true,
            status: text(&row["status"]),
            tracking: row["tracking"].as_array().into_iter().flatten().map(parcel).collect(),
        })
    }

    fn shown_by_shopify(&self, id: &str) -> Option<Shown> {
        let number: i64 = id.parse().ok()?;
        self.sandbox.with_state(|state| {
            let stored = state.shops.get(SHOP)?.orders.get(&number)?;
            let live = stored.fulfillments.iter().filter(|one| one.status == "SUCCESS");
            let parcels = live.flat_map(|one| {
                let pieces = one.lines.iter().map(|(_, pieces)| pieces.unsigned_abs()).sum();
                one.numbers.iter().map(move |number| Parcel { number: number.clone(), pieces: Some(pieces) })
            });
            Some(Shown {
                cancelled: !stored.body["cancelled_at"].is_null(),
                status: text(&stored.body["fulfillment_status"]),
                tracking: parcels.collect(),
            })
        })
    }

    /// How much of a SKU the channel believes there is, in the way it counts.
    ///
    /// # Errors
    /// When it does not know the SKU.
    pub fn stock(&self, sku: &str) -> Did<i64> {
        let unknown = || format!("the channel shows no stock of {sku}");
        if self.channel == Channel::Shopify {
            return self
                .sandbox
                .with_state(|state| {
                    let shop = state.shops.get_mut(SHOP)?;
                    shop.inventory.of_sku(sku).map(|item| item.available)
                })
                .ok_or_else(unknown);
        }
        let all = self.control(Method::GET, &self.at("stock"), &Value::Null)?;
        all["levels"][sku].as_i64().ok_or_else(unknown)
    }

    /// Somebody sets another number at the channel.
    ///
    /// # Errors
    /// As the sandbox says.
    pub fn set_stock(&self, sku: &str, pieces: i64) -> Did<()> {
        let body = match self.channel {
            Channel::Shopify => json!({"shop": SHOP, "levels": {sku: pieces}}),
            _ => json!({"levels": {sku: pieces}}),
        };
        self.control(Method::PUT, &self.at("stock"), &body).map(|_| ())
    }

    /// The sandbox's counts of the account.
    pub fn report(&self) -> Value {
        let report = self.sandbox.report();
        match self.channel {
            Channel::Shopify => report["shops"][SHOP].clone(),
            _ => report[self.channel.as_str()][ACCOUNT].clone(),
        }
    }

    /// The call that tells the channel a tracking number, as the sandbox names it.
    pub fn write_back_endpoint(&self) -> &'static str {
        match self.channel {
            Channel::Shopify => "shopify.fulfillmentCreate",
            Channel::WooCommerce => "woocommerce.notes.create",
            Channel::Magento => "magento.ship",
            Channel::Amazon => "amazon.confirmShipment",
            Channel::Ebay => "ebay.createShippingFulfillment",
        }
    }

    /// The call that brings changed orders, as the sandbox names it.
    pub fn search_endpoint(&self) -> &'static str {
        match self.channel {
            Channel::Shopify => "shopify.orders",
            Channel::WooCommerce => "woocommerce.orders.list",
            Channel::Magento => "magento.orders",
            Channel::Amazon => "amazon.searchOrders",
            Channel::Ebay => "ebay.getOrders",
        }
    }

    /// Which call of telling a stock number writes it.
    pub fn stock_write(&self) -> u32 {
        match self.channel {
            Channel::Shopify | Channel::WooCommerce | Channel::Ebay => 2,
            Channel::Magento | Channel::Amazon => 1,
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

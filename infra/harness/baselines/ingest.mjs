// The ingest core of Waybill's webhook as one writes it in Node.js: the baseline of `cargo xtask bench`.
//
//     node ingest.mjs INPUT RUNS
//
// INPUT is a JSON file with signed 10 KB orders, keys, and what Waybill makes of each order. Every order is taken in
// once and compared; then RUNS orders are timed. The last line printed is JSON with the figures and the sealed values.

import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const PICKUP = new Set(["pickup", "localpickup", "storepickup", "instorepickup"]);

/** A trimmed text, or null where there is none. */
const text = (value) => (value == null ? null : String(value).trim() || null);

/** A channel's key: the number at the end of the global id, which JSON.parse has not rounded. */
function key(kind, thing) {
  const prefix = `gid://shopify/${kind}/`;
  const gid = text(thing.admin_graphql_api_id);
  const found = gid?.startsWith(prefix) ? gid.slice(prefix.length) : text(thing.id);
  if (!found || !/^\d+$/.test(found)) throw new Error("id");
  return found;
}

function when(value) {
  const found = text(value);
  return found && new Date(found).toISOString();
}

/** Node has no decimals: pence as an integer, written with two places. */
function money(value) {
  const [whole, part = ""] = String(value).split(".");
  const pence = BigInt(whole) * 100n + BigInt(part.padEnd(2, "0").slice(0, 2));
  return `${pence / 100n}.${String(pence % 100n).padStart(2, "0")}`;
}

const joined = (person) => [text(person.first_name), text(person.last_name)].filter(Boolean).join(" ") || null;

function collected(order) {
  const says = (value) => PICKUP.has(String(value ?? "").toLowerCase().replace(/[^a-z0-9]/g, ""));
  return (order.shipping_lines ?? []).some((line) => says(line.delivery_category) || says(line.code) || says(line.source));
}

const line = (item) => ({
  channel_line: key("LineItem", item),
  sku: text(item.sku),
  quantity: Number(item.current_quantity ?? item.quantity),
  ships: item.requires_shipping !== false,
  grams: Math.round(Number(item.grams ?? 0)),
  price: money(item.price_set.shop_money.amount),
});

const byNumber = (a, b) =>
  a.channel_line.length - b.channel_line.length || (a.channel_line < b.channel_line ? -1 : Number(a.channel_line > b.channel_line));

/** An order without its person, its recipient, and its buyer's e-mail. */
function normalise(order) {
  const lines = order.line_items.map(line).sort(byNumber);
  const customer = order.customer ?? {};
  const [email, contact] = [text(order.email), text(order.contact_email)];
  const address = order.shipping_address ?? {};
  const street = [text(address.address1), text(address.address2)].filter(Boolean);
  const country = text(address.country_code)?.toUpperCase();
  let recipient = null;
  let destination = null;
  if (street.length && country) {
    const postcode = text(address.zip);
    const area = /^[A-Za-z]*/.exec(postcode ?? "")[0].toUpperCase();
    destination = { country, postcode_area: country === "GB" && (area.length === 1 || area.length === 2) ? area : null };
    recipient = {
      n: text(address.name) ?? joined(address),
      o: text(address.company),
      l: street,
      c: text(address.city),
      r: text(address.province),
      p: postcode,
      k: country,
      t: text(address.phone) ?? text(order.phone) ?? text(customer.phone),
      e: contact ?? email,
      g: text(order.note),
    };
  } else if (collected(order)) {
    const n = joined(customer);
    recipient = n && { n };
  }
  if (!lines.some((l) => l.ships && l.quantity > 0)) recipient = null;
  const total = (order.current_total_price_set ?? order.total_price_set).shop_money;
  const incoming = {
    channel: "shopify",
    id: key("Order", order),
    name: text(order.name),
    version: when(order.updated_at),
    placed_at: when(order.created_at),
    cancelled_at: when(order.cancelled_at),
    test: Boolean(order.test),
    pickup: collected(order) && !destination,
    destination,
    lines,
    total: [money(total.amount), total.currency_code.toUpperCase()],
  };
  return { incoming, recipient, email: email ?? contact ?? text(customer.email) };
}

/** What a warm function holds. */
class Ingest {
  constructor(setup) {
    Object.assign(this, setup);
    this.index_key = Buffer.from(setup.index_key, "hex");
    this.data_key = Buffer.from(setup.data_key, "hex");
  }

  /** A keyed digest of parts, each preceded by its length. */
  digest(...parts) {
    const mac = createHmac("sha256", this.index_key);
    for (const part of parts) {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(8);
      length.writeBigUInt64BE(BigInt(bytes.length));
      mac.update(length).update(bytes);
    }
    return mac.digest("hex");
  }

  take(body, signature) {
    const expected = createHmac("sha256", this.secret).update(body).digest();
    const given = Buffer.from(signature, "base64");
    if (given.length !== expected.length || !timingSafeEqual(expected, given)) throw new Error("signature");
    const { incoming, recipient, email } = normalise(JSON.parse(body));
    const order = `ord_${this.digest("order", this.connection, incoming.id).slice(0, 32)}`;
    const lines = incoming.lines.map((l) => `lin_${this.digest("line", order, l.channel_line).slice(0, 12)}`);
    const buyer = email && this.digest("buyer", this.connection, email.trim().toLowerCase()).slice(0, 32);
    const dropped = new Set([...(this.needs.carrier_notifications ? [] : ["t", "e"]), ...(this.needs.gift_notes ? [] : ["g"])]);
    const kept = recipient && Object.fromEntries(Object.entries(recipient).filter(([name, value]) => value && !dropped.has(name)));
    const layout = JSON.stringify(kept);
    const digest = this.digest("content", JSON.stringify(incoming), layout).slice(0, 32);
    const nonce = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", this.data_key, nonce);
    cipher.setAAD(Buffer.from(`${this.merchant}|${order}|recipient|1`));
    const sealed = Buffer.concat([nonce, cipher.update(layout), cipher.final(), cipher.getAuthTag()]);
    return { order, lines, buyer, digest, sealed };
  }

  open(order, sealed) {
    const cipher = createDecipheriv("aes-256-gcm", this.data_key, sealed.subarray(0, 12));
    cipher.setAAD(Buffer.from(`${this.merchant}|${order}|recipient|1`));
    cipher.setAuthTag(sealed.subarray(-16));
    return JSON.parse(Buffer.concat([cipher.update(sealed.subarray(12, -16)), cipher.final()]));
  }
}

const setup = JSON.parse(readFileSync(process.argv[2], "utf8"));
const runs = Number(process.argv[3]);
const ingest = new Ingest(setup);
const orders = setup.orders.map(({ body, signature }) => [Buffer.from(body), signature]);
const taken = orders.map((order) => ingest.take(...order));
taken.forEach((one, n) => {
  const found = { order: one.order, lines: one.lines, buyer: one.buyer, recipient: ingest.open(one.order, one.sealed) };
  for (const [name, value] of Object.entries(setup.orders[n].expected)) {
    if (!isDeepStrictEqual(found[name], value)) {
      console.error(`ingest.mjs: \`${name}\` of an order is not what Waybill makes of it`);
      process.exit(1);
    }
  }
});
// As many again to warm up: the compiler learns while it runs.
for (let n = 0; n < runs; n += 1) ingest.take(...orders[n % orders.length]);
const each = new Float64Array(runs);
for (let n = 0; n < runs; n += 1) {
  const [body, signature] = orders[n % orders.length];
  const start = process.hrtime.bigint();
  ingest.take(body, signature);
  each[n] = Number(process.hrtime.bigint() - start) / 1e3;
}
each.sort();
const sum = each.reduce((a, b) => a + b, 0);
console.log(JSON.stringify({
  p50_us: each[Math.floor(runs / 2)],
  p99_us: each[Math.floor((runs * 99) / 100)],
  per_second: runs / (sum / 1e6),
  sealed: taken.map((one) => one.sealed.toString("hex")),
}));

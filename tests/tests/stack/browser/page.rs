//! One page of a browser: what a person does with it, and what it does behind their back.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How long something may take to appear.
const PATIENCE: Duration = Duration::from_secs(30);

/// Finds what a person would call by its words: a button, a link or the control of a label.
const FIND: &str = r#"
window.waybill = {
  said: (one) => (one.getAttribute("aria-label") || one.innerText || "").replace(/\s+/g, " ").trim(),
  seen: (one) => one.getClientRects().length > 0,
  press(words) {
    const all = [...document.querySelectorAll("main button, main a, main summary, main label, button, a, summary")].filter(this.seen);
    return all.find((one) => this.said(one) === words) || all.find((one) => this.said(one).startsWith(words));
  },
  field(words, part) {
    const parts = [...document.querySelectorAll("section")];
    const within = part ? parts.find((one) => this.said(one.querySelector("h2") || one).startsWith(part)) : document;
    const all = within ? [...within.querySelectorAll("label")].filter(this.seen) : [];
    const label = all.find((one) => this.said(one) === words) || all.find((one) => this.said(one).startsWith(words));
    return label && label.control;
  },
};
"#;

/// Which screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    Phone,
    Desk,
}

impl Screen {
    /// Its width in CSS pixels.
    pub fn width(self) -> u32 {
        match self {
            Self::Phone => 360,
            Self::Desk => 1280,
        }
    }

    fn height(self) -> u32 {
        match self {
            Self::Phone => 740,
            Self::Desk => 900,
        }
    }
}

/// A page.
pub struct Page {
    socket: Socket,
    calls: u64,
    home: String,
    /// What the console of the browser said, and scripts that failed.
    errors: Vec<String>,
    /// Every address that was asked for.
    asked: Vec<String>,
}

impl Page {
    /// A new page in a context of its own; `home` is the address of the API.
    pub async fn open(browser: &str, port: u16, home: &str) -> Self {
        let mut whole = Self::at(browser, home).await;
        let context = whole.call("Target.createBrowserContext", json!({})).await;
        let target = json!({"url": "about:blank", "browserContextId": context["browserContextId"]});
        let target = whole.call("Target.createTarget", target).await;
        let id = target["targetId"].as_str().unwrap();
        let mut page = Self::at(&format!("ws://127.0.0.1:{port}/devtools/page/{id}"), home).await;
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), json!({})).await;
        }
        page.call("Page.addScriptToEvaluateOnNewDocument", json!({"source": FIND})).await;
        page.screen(Screen::Desk).await;
        page
    }

    async fn at(address: &str, home: &str) -> Self {
        let (socket, _) = connect_async(address).await.unwrap();
        Self { socket, calls: 0, home: home.to_owned(), errors: Vec::new(), asked: Vec::new() }
    }

    /// One command of the protocol.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.tried(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    async fn tried(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.calls += 1;
        let id = self.calls;
        let text = json!({"id": id, "method": method, "params": params}).to_string();
        self.socket.send(Message::text(text)).await.unwrap();
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = message.expect("the browser does not answer").unwrap().unwrap();
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(text.as_str()).unwrap();
            if told["id"] != json!(id) {
                self.note(&told);
            } else if told["error"].is_object() {
                return Err(told["error"].clone());
            } else {
                return Ok(told["result"].clone());
            }
        }
    }

    fn note(&mut self, event: &Value) {
        let params = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Network.requestWillBeSent" => {
                self.asked.push(params["request"]["url"].as_str().unwrap_or_default().to_owned());
            }
            "Runtime.exceptionThrown" => self.errors.push(params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if params["type"] == "error" => {
                self.errors.push(params["args"].to_string());
            }
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let entry = &params["entry"];
                let text = entry["text"].as_str().unwrap_or_default();
                self.errors.push(format!("{text} {}", entry["url"].as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }

    /// Sets the screen.
    pub async fn screen(&mut self, screen: Screen) {
        let size = json!({"width": screen.width(), "height": screen.height(), "deviceScaleFactor": 1,
            "mobile": screen == Screen::Phone});
        self.call("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// By day or by night.
    pub async fn scheme(&mut self, scheme: &str) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", media).await;
    }

    /// What a script gives; `None` while the page is on its way to another.
    async fn looked(&mut self, script: &str) -> Option<Value> {
        let params = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let told = self.tried("Runtime.evaluate", params).await.ok()?;
        if told["exceptionDetails"].is_object() { None } else { Some(told["result"]["value"].clone()) }
    }

    /// What a script gives.
    pub async fn eval(&mut self, script: &str) -> Value {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = self.looked(script).await {
                return value;
            }
            assert!(Instant::now() < end, "this gave nothing: {script}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until a script says yes.
    pub async fn wait(&mut self, what: &str, script: &str) {
        let end = Instant::now() + PATIENCE;
        while self.looked(script).await != Some(json!(true)) {
            if Instant::now() > end {
                let (at, text) = (self.address().await, self.text().await);
                panic!("waited in vain for {what} at {at}: {text}");
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until words stand on the page.
    pub async fn shows(&mut self, words: &str) {
        let script = format!("document.body.innerText.replace(/\\s+/g, ' ').includes({})", json!(words));
        self.wait(words, &script).await;
    }

    /// All words of the page.
    pub async fn text(&mut self) -> String {
        self.eval("document.body ? document.body.innerText : ''")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Where it is.
    pub async fn address(&mut self) -> String {
        self.eval("location.href").await.as_str().unwrap_or_default().to_owned()
    }

    /// Opens a page of the console.
    pub async fn go(&mut self, path: &str) {
        let address = format!("{}/console{path}", self.home);
        self.call("Page.navigate", json!({"url": address})).await;
        self.settled().await;
    }

    /// Asks for the page again.
    pub async fn reload(&mut self) {
        self.eval("void (window.waybillLeft = true)").await;
        self.call("Page.reload", json!({})).await;
        self.settled().await;
    }

    /// Waits until a page is whole.
    pub async fn settled(&mut self) {
        self.wait("the page", "document.readyState === 'complete' && !window.waybillLeft").await;
    }

    /// Clicks what reads so, with the mouse, and waits for the page it leads to.
    pub async fn press(&mut self, words: &str) {
        self.click(words).await;
        self.settled().await;
    }

    /// Clicks what reads so, and waits for nothing.
    pub async fn click(&mut self, words: &str) {
        let one = format!("window.waybill.press({})", json!(words));
        self.wait(words, &format!("Boolean({one})")).await;
        let leaves = format!("!{one}.matches('summary, label')");
        let place = self
            .eval(&format!(
                "(() => {{ const one = {one}; one.scrollIntoView({{block: 'center'}}); \
                 const box = one.getClientRects()[0]; if ({leaves}) window.waybillLeft = true; \
                 return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
            ))
            .await;
        for kind in ["mousePressed", "mouseReleased"] {
            let event =
                json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Fills the field with this label.
    pub async fn fill(&mut self, label: &str, value: &str) {
        self.fill_in("", label, value).await;
    }

    /// Fills the field with this label in the part of the page with this heading.
    pub async fn fill_in(&mut self, part: &str, label: &str, value: &str) {
        let one = format!("window.waybill.field({}, {})", json!(label), json!(part));
        self.wait(&format!("the field {label}"), &format!("Boolean({one})")).await;
        let script = format!(
            "(() => {{ const one = {one}; one.focus(); \
             if (one.matches('select, [type=date], [type=datetime-local], [type=time]')) {{ one.value = {value}; \
             one.dispatchEvent(new Event('change', {{bubbles: true}})); return one.value === {value}; }} \
             one.select(); return null; }})()",
            value = json!(value)
        );
        match self.eval(&script).await {
            Value::Null => {
                self.call("Input.insertText", json!({"text": value})).await;
            }
            done => assert_eq!(done, json!(true), "{label} has no {value}"),
        }
    }

    /// What a link on the page leads to when it is opened beside it: status and the first bytes.
    pub async fn opened(&mut self, words: &str) -> (u64, String) {
        let one = format!("window.waybill.press({})", json!(words));
        self.wait(words, &format!("Boolean({one})")).await;
        let script =
            format!("fetch({one}.href).then(async (told) => [told.status, (await told.text()).slice(0, 4)])");
        let told = self.eval(&script).await;
        (told[0].as_u64().unwrap(), told[1].as_str().unwrap().to_owned())
    }

    /// Presses one key.
    pub async fn key(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Space" => 32,
            _ => 0,
        };
        let text = match key {
            "Enter" => "\r",
            "Space" => " ",
            _ => "",
        };
        let key = if key == "Space" { " " } else { key };
        let mut event = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if !text.is_empty() {
            event["text"] = json!(text);
        }
        self.call("Input.dispatchKeyEvent", event).await;
        let up = json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code});
        self.call("Input.dispatchKeyEvent", up).await;
    }

    /// Types where the cursor is, as a scanner does, with the Enter at its end.
    pub async fn scan(&mut self, code: &str) {
        self.typed(code).await;
        self.eval("void (window.waybillLeft = true)").await;
        self.key("Enter").await;
    }

    /// As [`Page::scan`], where a script of the page takes the code and the page stays.
    pub async fn scanned_in_place(&mut self, code: &str) {
        self.typed(code).await;
        self.key("Enter").await;
    }

    /// Types into what has the focus; a browser gives it only after the page is whole.
    async fn typed(&mut self, text: &str) {
        self.wait("a field with the cursor", "document.activeElement.matches('input, textarea, select')")
            .await;
        self.call("Input.insertText", json!({"text": text})).await;
    }

    /// Goes on by the Tab key until what reads so has the focus, which must be seen.
    pub async fn tab_to(&mut self, words: &str) {
        for _ in 0..150 {
            self.key("Tab").await;
            let script = "(() => { const one = document.activeElement; \
                const label = one.labels && one.labels[0]; return window.waybill.said(label || one); })()";
            if self.eval(script).await.as_str().unwrap_or_default().starts_with(words) {
                let seen = "(() => { const one = getComputedStyle(document.activeElement); \
                    return one.outlineStyle !== 'none' && parseFloat(one.outlineWidth) >= 2; })()";
                assert_eq!(self.eval(seen).await, json!(true), "{words} has the focus and nobody sees it");
                return;
            }
        }
        panic!("no Tab leads to {words} at {}", self.address().await);
    }

    /// Takes what the browser complained of, and of a refusal that was meant.
    pub fn complaints(&mut self) -> Vec<String> {
        std::mem::take(&mut self.errors)
    }

    /// Hosts that were asked, other than ours.
    pub fn strangers(&self) -> Vec<&String> {
        let host = |address: &str| {
            address.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_owned())
        };
        let ours = host(&self.home);
        let plain = |address: &&String| !address.starts_with("data:") && !address.starts_with("about:");
        self.asked.iter().filter(plain).filter(|address| host(address) != ours).collect()
    }

    /// Keeps a picture of the whole page.
    pub async fn picture(&mut self, file: &Path) {
        use base64::Engine;
        let how = json!({"format": "png", "captureBeyondViewport": true});
        let told = self.call("Page.captureScreenshot", how).await;
        let bytes = base64::engine::general_purpose::STANDARD.decode(told["data"].as_str().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

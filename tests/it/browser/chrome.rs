//! Chromium without a window, driven over its DevTools protocol: messages as JSON, each ended by a zero byte, on two pipes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// What a page must become true within, in milliseconds, before a test fails.
const PATIENCE: u32 = 20_000;

/// The two sizes a page is looked at in: a desk, and the smallest phone.
pub const SIZES: [(u32, u32); 2] = [(1280, 800), (360, 740)];

/// One tab of a browser of its own.
pub struct Chrome {
    /// Ends with the test.
    child: Child,
    /// To the browser.
    to: ChildStdin,
    /// From the browser.
    from: BufReader<ChildStdout>,
    /// Number of the latest call.
    number: u64,
    /// The tab.
    session: String,
    /// What happened in it since the last `open`.
    pub events: Vec<Value>,
    /// Its profile.
    _profile: tempfile::TempDir,
}

impl Chrome {
    /// Starts a browser that knows nobody.
    pub fn start() -> Chrome {
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads from the third file and writes to the fourth.
        let mut child = Command::new("sh")
            .args(["-c", "exec chromium \"$@\" 3<&0 4>&1 >/dev/null 2>&1 </dev/null", "sh"])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tests/install installs chromium");
        let (to, from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut chrome = Chrome { child, to, from, number: 0, session: String::new(), events: Vec::new(), _profile: profile };
        let target = chrome.call("Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let session = chrome.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        chrome.session = session["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Network", "Log"] {
            chrome.call(&format!("{domain}.enable"), json!({}));
        }
        chrome.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        chrome
    }

    /// Calls a method; what it answers.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.try_call(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn try_call(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = self.read();
            if answer["id"] != json!(self.number) {
                self.events.push(answer);
                continue;
            }
            return match answer.get("error") {
                Some(error) => Err(error.clone()),
                None => Ok(answer["result"].take()),
            };
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        let length = self.from.read_until(0, &mut message).unwrap();
        assert!(length > 0, "the browser has ended");
        message.pop();
        serde_json::from_slice(&message).unwrap()
    }

    /// Opens an address and waits until all of the page is there.
    pub fn open(&mut self, url: &str) {
        self.events.clear();
        // The page before may have been left while it loaded: its end says nothing of this one.
        let loader = self.call("Page.navigate", json!({ "url": url }))["loaderId"].take();
        let is_there = |event: &Value| event["params"]["name"] == "load" && event["params"]["loaderId"] == loader;
        while !self.events.iter().any(is_there) {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of an expression in the page; what it promises, if it is a promise. None if the page was left meanwhile.
    fn evaluate(&mut self, expression: &str) -> Option<Value> {
        let params = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true });
        let answer = self.try_call("Runtime.evaluate", params).ok()?;
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        Some(answer["result"]["value"].clone())
    }

    /// The value of an expression in the page.
    pub fn js(&mut self, expression: &str) -> Value {
        self.evaluate(expression).unwrap_or_default()
    }

    /// Waits until a condition holds in the page, also over a change of page; how long the last page took, in milliseconds.
    pub fn until(&mut self, condition: &str) -> f64 {
        let waiting = format!(
            "new Promise((done) => {{ const began = performance.now(); const look = () => {{ let holds = false; try {{ holds = {condition} }} catch {{}} \
             if (holds) done(performance.now() - began); else if (performance.now() - began > {PATIENCE}) done(-1); else setTimeout(look, 2); }}; look(); }})"
        );
        loop {
            // A page that is left takes the promise along; the next one is asked again.
            match self.evaluate(&waiting).as_ref().and_then(Value::as_f64) {
                Some(took) if took >= 0.0 => return took,
                Some(_) => {
                    let text = self.js("location.pathname + '\\n' + document.body.innerText");
                    panic!("{condition}: not within {PATIENCE} ms on {}", text.as_str().unwrap_or_default());
                }
                None => {}
            }
        }
    }

    /// Writes into a field and sends its form, as somebody at the keyboard does.
    pub fn fill_and_send(&mut self, field: &str, text: &str) {
        let text = json!(text);
        self.js(&format!("(() => {{ const field = document.querySelector(`{field}`); field.value = {text}; field.form.requestSubmit(); }})()"));
    }

    /// Clicks.
    pub fn click(&mut self, selector: &str) {
        self.js(&format!("document.querySelector(`{selector}`).dispatchEvent(new MouseEvent('click', {{ bubbles: true, cancelable: true }}))"));
    }

    /// Looks at the page in one size and theme from now on.
    pub fn look(&mut self, (width, height): (u32, u32), theme: &str) {
        self.call("Emulation.setDeviceMetricsOverride", json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }));
        self.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] }));
    }

    /// Keeps a picture of the page for people to look at, below `target/tmp/console`.
    pub fn picture(&mut self, name: &str) {
        let data = self.call("Page.captureScreenshot", json!({ "format": "png" }))["data"].as_str().unwrap().to_owned();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("console");
        std::fs::create_dir_all(&folder).unwrap();
        use base64::Engine as _;
        std::fs::write(folder.join(format!("{name}.png")), base64::engine::general_purpose::STANDARD.decode(data).unwrap()).unwrap();
    }

    /// What went wrong in the page since it was opened: complaints on the console, failed requests, requests to others.
    pub fn wrongs(&mut self, origin: &str) -> Vec<String> {
        // A call that is answered comes behind everything that has happened.
        self.js("0");
        let wrong = |event: &Value| match event["method"].as_str().unwrap_or_default() {
            "Log.entryAdded" => Some(event["params"]["entry"]["text"].to_string()),
            "Runtime.exceptionThrown" => Some(event["params"]["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" => Some(event["params"]["args"].to_string()),
            "Network.loadingFailed" if event["params"]["canceled"] != true => Some(event["params"].to_string()),
            "Network.responseReceived" if event["params"]["response"]["status"].as_u64() >= Some(400) => {
                Some(event["params"]["response"]["url"].to_string())
            }
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                // The browser's own icon of a date field comes as `data:`; it asks nobody.
                (!url.starts_with(origin) && !url.starts_with("data:")).then(|| format!("asked {url}"))
            }
            _ => None,
        };
        self.events.iter().filter_map(wrong).collect()
    }

    /// Bytes that came over the wire for the page.
    pub fn weight(&self) -> u64 {
        let done = self.events.iter().filter(|event| event["method"] == "Network.loadingFinished");
        done.filter_map(|event| event["params"]["encodedDataLength"].as_f64()).sum::<f64>() as u64
    }

    /// What axe finds serious or worse.
    pub fn axe(&mut self) -> Value {
        let axe = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/browser/node_modules/axe-core/axe.min.js"));
        self.js(&format!("{}; 0", axe.expect("tests/install installs axe")));
        self.js("axe.run().then(({ violations }) => violations.filter((found) => ['serious', 'critical'].includes(found.impact))\
             .map((found) => [found.id, found.nodes.map((node) => node.html + ' ' + node.failureSummary)]))")
    }
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

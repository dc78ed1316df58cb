internal import OgiveCore

/// A page of the dashboard: what all pages have around what is their own.
struct DashboardPage: Sendable {
    /// Its title, a text from outside perhaps.
    var title: String
    /// Where its live numbers come from; `nil` when it has none.
    var events: String?
    /// The way to it: names and addresses of the pages above.
    var trail: [(name: Markup, link: String)] = []
    /// What is in it.
    var body: Markup

    /// Scripts and styles from here alone, none within the page; no frame, no form to elsewhere
    /// (Content Security Policy Level 3).
    static let policy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        + "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    /// The page as a document.
    var document: String {
        Markup("html", [Attribute("lang", "en")]) {
            Markup("head") {
                Markup("meta", [Attribute("charset", "utf-8")])
                Markup(
                    "meta",
                    [
                        Attribute("name", "viewport"),
                        Attribute("content", "width=device-width, initial-scale=1"),
                    ])
                Markup("title", [], "\(OutsideText.plain(title)) · Ogive")
                Markup(
                    "link",
                    [
                        Attribute("rel", "icon"), Attribute("type", "image/svg+xml"),
                        Attribute("href", "/static/icon.svg"),
                    ])
                Markup(
                    "link",
                    [Attribute("rel", "stylesheet"), Attribute("href", "/static/dashboard.css")])
                Markup(
                    "script", [Attribute("src", "/static/dashboard.js"), Attribute("defer", "")])
            }
            Markup("body", events.map { [Attribute("data-events", $0)] } ?? []) {
                Markup(
                    "a", [Attribute("class", "skip"), Attribute("href", "#content")],
                    "Skip to the content")
                header
                Markup("main", [Attribute("id", "content")]) { body }
            }
        }.document
    }

    private var header: Markup {
        Markup("header") {
            Markup("nav", [Attribute("aria-label", "Pages")]) {
                Markup("a", [Attribute("href", DashboardLink.runs)], "Runs")
                Markup("a", [Attribute("href", DashboardLink.fleet)], "Fleet")
                for step in trail {
                    Markup("span", [Attribute("aria-hidden", "true")], "›")
                    Markup("a", [Attribute("href", step.link)]) { step.name }
                }
            }
        }
    }

    /// The way to a page of a run.
    static func trail(_ run: RunOverview) -> [(name: Markup, link: String)] {
        [(OutsideText.short(run.source.run), DashboardLink.run(run.id))]
    }

    /// A link.
    static func link(_ text: Markup, _ address: String) -> Markup {
        Markup("a", [Attribute("href", address)]) { text }
    }

    /// A link with a text of this program.
    static func link(_ text: String, _ address: String) -> Markup {
        link(Markup(text), address)
    }

    /// A fact with its name, of a list of class `facts`.
    static func fact(_ name: String, _ value: Markup, _ note: String? = nil) -> Markup {
        Markup("div") {
            Markup("dt", [], name)
            Markup("dd") {
                value
                if let note { Markup("small", [], note) }
            }
        }
    }

    /// A list of facts.
    static func facts(_ facts: [Markup]) -> Markup {
        Markup("dl", [Attribute("class", "facts")]) { Markup(facts) }
    }

    /// A section with its heading.
    static func section(
        _ title: String, id: String? = nil, @MarkupBuilder _ content: () -> Markup
    ) -> Markup {
        Markup("section", id.map { [Attribute("id", $0)] } ?? []) {
            Markup("h2", [], title)
            content()
        }
    }

    /// A page that says why there is no other.
    static func message(_ title: String, _ text: String) -> DashboardPage {
        DashboardPage(
            title: title,
            body: Markup([
                Markup("h1", [], title), Markup("p") { OutsideText.line(text) },
            ]))
    }
}

/// What is served beside the pages.
enum DashboardFiles {
    /// The look of the pages.
    static let sheet = "\(Stylesheet.text)\(Stylesheet.dashboard)"
    /// The steps of a curve.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">\
        <path d="M1 14H5V9H9V5H12V2H15" fill="none" stroke="#0072b2" stroke-width="2"/></svg>

        """
    /// Live numbers, and completions that open in place. All pages work without it.
    static let script = """
        "use strict";
        (() => {
          const source = document.body.dataset.events;
          if (source && window.EventSource) {
            const events = new EventSource(source);
            events.addEventListener("numbers", (event) => {
              const numbers = JSON.parse(event.data);
              for (const place of document.querySelectorAll("[data-number]")) {
                const text = numbers[place.dataset.number];
                if (text === undefined) continue;
                if (place.tagName === "PROGRESS") place.value = Number(text);
                else if (place.textContent !== text) place.textContent = text;
              }
            });
            window.addEventListener("pagehide", () => events.close());
          }
          const show = async (link) => {
            const answer = await fetch(link.dataset.completion, { credentials: "same-origin" });
            if (!answer.ok) return false;
            // The server escapes all that is not its own, and the page's policy runs no script
            // that stands in it.
            const place = document.getElementById("completion");
            place.innerHTML = await answer.text();
            for (const other of document.querySelectorAll("[data-completion][aria-current]"))
              other.removeAttribute("aria-current");
            for (const same of document.querySelectorAll("[data-completion]"))
              if (same.dataset.completion === link.dataset.completion)
                same.setAttribute("aria-current", "true");
            history.replaceState(null, "", link.getAttribute("href"));
            place.scrollIntoView({ block: "nearest" });
            place.focus({ preventScroll: true });
            return true;
          };
          document.addEventListener("click", async (event) => {
            const link = event.target.closest("a[data-completion]");
            if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
            event.preventDefault();
            const done = await show(link).catch(() => false);
            if (!done) window.location.assign(link.getAttribute("href"));
          });
        })();

        """
}

extension Stylesheet {
    /// What the dashboard's pages have beyond the report.
    static let dashboard: StaticString = """
        body { padding-top: 0.5rem; }
        header nav { display: flex; flex-wrap: wrap; gap: 0.25rem 0.75rem; padding: 0.25rem 0;
          border-bottom: 1px solid var(--rule); margin-bottom: 1rem; }
        header a { max-width: 100%; overflow-wrap: anywhere; }
        .skip { position: absolute; left: -100rem; } .skip:focus { position: static; }
        progress { width: 7rem; max-width: 100%; accent-color: var(--a); vertical-align: middle; }
        .wide progress { width: 100%; }
        form { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: end;
          margin: 0.75rem 0; }
        label { display: block; font-size: 0.85rem; color: var(--muted); }
        input, select, button { font: inherit; color: var(--ink); background: var(--paper);
          border: 1px solid var(--muted); border-radius: 4px; padding: 0.2rem 0.4rem;
          max-width: 100%; }
        input[type=text] { width: 14rem; } input.short { width: 6rem; }
        .pager { display: flex; flex-wrap: wrap; gap: 1rem; margin: 0.75rem 0; }
        pre { background: var(--wash); padding: 0.5rem 0.75rem; white-space: pre-wrap;
          overflow-wrap: anywhere; font-size: 0.85rem; }
        td .begin { display: block; color: var(--muted); }
        td:has(.begin):not(.number) { min-width: 11rem; }
        label input, label select { display: block; }
        .step circle { fill: var(--a); } .step .hit { fill: transparent; stroke: none; }
        .step.truncated circle.dot { fill: var(--c); }
        .step:hover circle.dot, .step:focus circle.dot { fill: var(--b); stroke: var(--b);
          stroke-width: 4; }
        .step[aria-current] circle.dot { fill: var(--b); stroke: var(--ink); stroke-width: 2; }
        .step:focus { outline: none; } svg text { pointer-events: none; }
        #completion { scroll-margin-top: 1rem; border-left: 3px solid var(--a);
          padding-left: 0.75rem; }
        #completion:focus { outline: none; }
        .tokens { max-height: 16rem; overflow-y: auto; line-height: 1.9; font-size: 0.8rem;
          font-family: ui-monospace, "DejaVu Sans Mono", monospace; }
        .tokens.key { max-width: none; margin: 0.25rem 0; }
        .tokens span { border-bottom: 2px solid var(--rule); padding: 0.1rem 0.15rem; }
        .tokens .t1 { background: color-mix(in srgb, var(--b) 7%, var(--paper)); }
        .tokens .t2 { background: color-mix(in srgb, var(--b) 14%, var(--paper)); }
        .tokens .t3 { background: color-mix(in srgb, var(--b) 21%, var(--paper)); }
        .tokens .t4 { background: color-mix(in srgb, var(--b) 28%, var(--paper)); }
        .tokens .t5 { background: color-mix(in srgb, var(--b) 36%, var(--paper));
          border-color: var(--b); }
        .tokens .t6 { background: color-mix(in srgb, var(--b) 44%, var(--paper));
          border-color: var(--ink); }
        .state { border: 1px solid currentColor; border-radius: 4px; padding: 0 0.3rem;
          font-size: 0.85em; white-space: nowrap; }

        """
}

// Filters, keys, deep links and copying. Everything is there to be read without this.
"use strict";

const byId = (id) => document.getElementById(id);
const checks = [...document.querySelectorAll(".check")];
const chapters = [...document.querySelectorAll(".chapter")];
const filter = byId("_filter");

// What a person chose stays, where the browser lets a page keep something.
const kept = (key, value) => {
    try {
        if (value === undefined) return localStorage.getItem(key);
        localStorage.setItem(key, value);
    } catch { /* A page from a file may have no storage. */ }
    return null;
};

// Dark or light.
const root = document.documentElement;
const isDark = () => getComputedStyle(root).colorScheme.includes(" ")
    ? matchMedia("(prefers-color-scheme: dark)").matches
    : getComputedStyle(root).colorScheme === "dark";
const paint = (theme) => {
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
};
const repaint = () => {
    paint(isDark() ? "light" : "dark");
    kept("theme", root.dataset.theme);
};
paint(kept("theme"));

// What is shown.
const text = new Map();
const textOf = (check) => {
    if (!text.has(check)) text.set(check, check.textContent.toLowerCase());
    return text.get(check);
};
const choose = () => {
    const chosen = new FormData(filter);
    const kinds = filter.elements.kind ? new Set(chosen.getAll("kind")) : null;
    const [words, weight, chapter] = ["text", "weight", "chapter"].map((name) => chosen.get(name));
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const check of checks) {
        const is = (!kinds || kinds.has(check.dataset.kind))
            && (!weight || check.dataset.weight === weight)
            && (!chapter || (check.dataset.chapter ?? check.parentElement.dataset.chapter) === chapter)
            && wanted.every((word) => textOf(check).includes(word));
        check.hidden = !is;
        shown += is;
    }
    const isNarrow = shown < checks.length;
    for (const chapter of chapters) {
        const own = checks.filter((check) => check.parentElement === chapter);
        chapter.hidden = own.every((check) => check.hidden);
        if (isNarrow && !chapter.hidden) chapter.open = true;
    }
    filter.elements.count.value = `${shown} of ${checks.length} checks`;
};

// One check after the other.
let current = null;
const go = (check, block) => {
    current = check;
    check.parentElement.open = true;
    const head = check.querySelector("summary, th");
    head.focus({ preventScroll: true });
    head.scrollIntoView({ block });
};
const step = (by) => {
    const shown = checks.filter((check) => !check.hidden);
    const at = shown.indexOf(document.activeElement?.closest(".check") ?? current);
    const next = at < 0 ? (by > 0 ? 0 : shown.length - 1) : at + by;
    if (shown[next]) go(shown[next], "nearest");
};

// A link to a check opens it, even one that is not shown.
const follow = () => {
    const target = byId(decodeURIComponent(location.hash.slice(1)));
    const check = target?.closest(".check");
    const folded = target?.closest("details, tr");
    if (!folded) return;
    if (check?.hidden || folded.hidden) {
        filter.reset();
        choose();
    }
    folded.open = true;
    if (check) go(check, "start");
};

const withButton = (command) => {
    const button = document.createElement("button");
    [button.type, button.className, button.textContent] = ["button", "copy", "Copy"];
    button.setAttribute("aria-label", "Copy this command");
    command.append(button);
};
const copy = async (button) => {
    const code = button.previousElementSibling;
    try {
        await navigator.clipboard.writeText(code.textContent);
    } catch {
        getSelection().selectAllChildren(code);
        document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
};

const help = byId("_keys");
const withKeys = byId("_with-keys");
withKeys.checked = kept("keys") !== "no";
withKeys.addEventListener("change", () => kept("keys", withKeys.checked ? "yes" : "no"));
const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => byId("_search")?.focus(),
    t: repaint,
    "?": () => help.showModal(),
};
document.addEventListener("keydown", (event) => {
    const isText = event.target.matches("input[type=search], select, textarea");
    if (event.key === "Escape" && event.target.id === "_search") {
        // Some browsers empty the field by themselves, and tell nobody.
        event.preventDefault();
        event.target.value = "";
        event.target.blur();
        choose();
    }
    if (isText || help.open || !withKeys.checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
});
document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.id === "_theme") repaint();
    if (button?.id === "_help") help.showModal();
    if (button?.classList.contains("copy")) copy(button);
    if (button?.dataset.all !== undefined) {
        const isOpen = button.dataset.all === "open";
        for (const check of checks) if (!check.hidden) check.open = isOpen;
        for (const chapter of chapters) if (!chapter.hidden) chapter.open = isOpen;
    }
});

// On paper nothing folds out: what is wrong is printed whole, and so is a check that was not run.
const FINE = ["passed", "skipped", "blocked"];
let folded = [];
addEventListener("beforeprint", () => {
    const open = (all) => all.filter((one) => !one.hidden && !one.open);
    folded = open([...chapters, ...checks.filter((check) => !FINE.includes(check.dataset.kind))]);
    for (const one of folded) one.open = true;
});
addEventListener("afterprint", () => {
    for (const one of folded) one.open = false;
});

for (const hidden of document.querySelectorAll(".tools, #_filter")) hidden.hidden = false;
document.querySelectorAll(".command").forEach(withButton);
if (filter) {
    filter.addEventListener("input", choose);
    filter.addEventListener("reset", () => setTimeout(choose));
    filter.addEventListener("submit", (event) => event.preventDefault());
    choose();
}
addEventListener("hashchange", follow);
follow();
// Once all is there, the browser goes to the place by itself, and takes the focus from what is not the place.
addEventListener("load", () => requestAnimationFrame(follow));

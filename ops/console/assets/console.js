// Light or dark, keys, and whether the page is seen. Everything else of the page is Python's.
const theme = () => localStorage.getItem("theme");
const applyTheme = () => window.Quasar && theme() && Quasar.Dark.set(theme() === "dark");
const switchTheme = () => {
  localStorage.setItem("theme", document.body.classList.contains("body--dark") ? "light" : "dark");
  applyTheme();
};
document.addEventListener("DOMContentLoaded", () => {
  const timer = setInterval(() => window.Quasar && (clearInterval(timer), applyTheme()), 10);
});
document.addEventListener("visibilitychange", () => window.emitEvent && emitEvent("seen", !document.hidden));
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  if (event.key === "/") {
    document.querySelector("input[type=search]")?.focus();
    event.preventDefault();
  }
  const entry = document.querySelectorAll("nav a")[Number(event.key) - 1];
  if (/^[1-9]$/.test(event.key) && entry) entry.click();
});

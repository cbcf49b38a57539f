// What makes scanning quicker. Every page works without it.
"use strict";

// On a phone the navigation is wider than the screen: what is open is brought into sight.
const here = document.querySelector('nav [aria-current="page"]');
if (here) here.scrollIntoView({ block: "nearest", inline: "center" });

// A second press while the first is under way would only be refused.
document.addEventListener("submit", (event) => {
  const asked = event.submitter && event.submitter.dataset.ask;
  if (asked && !window.confirm(asked)) {
    event.preventDefault();
    return;
  }
  for (const button of event.target.querySelectorAll("button")) button.disabled = true;
});

// Back from another page the buttons work again.
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[disabled]")) button.disabled = false;
});

// A scanner types wherever the cursor is: after a tap beside any field it goes back to where the scan belongs.
document.addEventListener("pointerup", (event) => {
  const scan = document.querySelector("input.scan");
  if (scan && !event.target.closest("a, button, input, select, summary, label, textarea")) scan.focus({ preventScroll: true });
});

// A file of rows is read into the field that is sent, where it can be looked at first.
for (const pick of document.querySelectorAll("input[data-into]")) {
  pick.closest("[hidden]").hidden = false;
  pick.addEventListener("change", async () => {
    if (pick.files[0]) document.getElementById(pick.dataset.into).value = await pick.files[0].text();
  });
}

// At the packing bench each scan counts one piece more.
for (const scan of document.querySelectorAll("input[data-counts]")) {
  scan.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || scan.value.trim() === "") return;
    event.preventDefault();
    const code = scan.value.trim();
    const counts = [...scan.form.querySelectorAll("input[data-codes]")];
    const count = counts.find((one) => one.dataset.codes.split("\n").includes(code));
    scan.setCustomValidity(count ? "" : "This article does not belong in these parcels.");
    scan.reportValidity();
    if (count) {
      count.value = Number(count.value) + 1;
      scan.value = "";
    } else {
      scan.select();
    }
  });
  scan.addEventListener("input", () => scan.setCustomValidity(""));
}

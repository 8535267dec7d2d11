// Keys become the trigger "key"; typing into a field stays typing.
window.addEventListener("keydown", (event) => {
  const field = event.target.closest && event.target.closest("input:not([type=range]):not([type=checkbox]), textarea, [contenteditable]");
  if (field || event.altKey || event.metaKey || !window.trame) return;
  let key = event.key.toLowerCase();
  if (key === "=") key = "+";
  if (key === "backspace") key = "delete";
  if (event.ctrlKey) key = (event.shiftKey ? "ctrl+shift+" : "ctrl+") + key;
  const known = (window.trame.state.state.shortcuts || []).map((one) => one.press);
  if (!known.includes(key)) return;
  event.preventDefault();
  window.trame.trigger("key", [key]);
});

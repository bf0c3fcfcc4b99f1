// What the theme draws without words, for who cannot see it.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll("summary:has(> .toctree-toggle)")) {
    const link = summary.closest("li")?.querySelector("a");
    summary.setAttribute("aria-label", `Pages below ${link?.textContent.trim() ?? "this"}`);
  }
  for (const parameters of document.querySelectorAll(".sig > dl")) {
    parameters.setAttribute("role", "presentation");
    parameters.querySelectorAll("dd").forEach(parameter => parameter.setAttribute("role", "presentation"));
  }
  for (const button of document.querySelectorAll(".search-button-field[aria-label]")) {
    button.removeAttribute("aria-label");
  }
});

/** Draws all charts below `root` again, in its present colours. @param {ParentNode} root */
export function retheme(root) {
  for (const chart of root.querySelectorAll("figure.chart")) chart.dispatchEvent(new Event("crm-retheme"));
}

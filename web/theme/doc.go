// Package theme reads what an operator changes of the pages' look: an accent colour, a logo, a stylesheet of tokens, templates and words. It takes nothing
// on trust: what would have no effect, could run, load something or be hard to read is a fault with its file and line.
// It must not know pages, HTTP or configuration files. WCAG 2.2 §1.4.3 and §1.4.11 (contrast), CSS Custom Properties §2, SVG 2.
package theme

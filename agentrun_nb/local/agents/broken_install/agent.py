"""Never runs: its own package does not build."""

import toolbox

print(toolbox.greet())

// Decodes dashboards strictly with Grafana's own Go types: whatever they do not know is an error.
// The paths are the arguments; one line of standard output for each fault, exit code 1 where there is one.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func main() {
	plugins.RegisterDefaultPlugins()
	faults := 0
	for _, path := range os.Args[1:] {
		for _, fault := range faultsOf(path) {
			fmt.Printf("%s: %s\n", path, fault)
			faults++
		}
	}
	if faults > 0 {
		os.Exit(1)
	}
}

// A sound dashboard gives an error of an empty text: a typed list without entries. So the text decides.
func faultsOf(path string) []string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return []string{err.Error()}
	}
	var decoded dashboard.Dashboard
	if err := decoded.UnmarshalJSONStrict(raw); err != nil && err.Error() != "" {
		return []string{err.Error()}
	}
	if err := decoded.Validate(); err != nil && err.Error() != "" {
		return []string{err.Error()}
	}
	return nil
}

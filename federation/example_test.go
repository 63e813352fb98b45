package federation_test

import (
	"fmt"
	"strings"

	"github.com/owncast-go/owncast/federation"
)

// What is below a blocked domain is blocked with it.
func ExampleBlocklist() {
	list := federation.NewBlocklist([]string{"example.com"}, func(host string) (string, bool) {
		return strings.ToLower(host), host != ""
	})
	fmt.Println(list.Blocks("social.Example.com"), list.Blocks("example.org"))
	// Output: true false
}

// A list that Mastodon has exported: what it only limits is not blocked.
func ExampleImportDomains() {
	domains, skipped, err := federation.ImportDomains("#domain,#severity\nbad.example,suspend\nloud.example,silence\n")
	fmt.Println(domains, len(skipped), err)
	// Output: [bad.example] 1 <nil>
}

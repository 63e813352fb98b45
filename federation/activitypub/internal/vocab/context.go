package vocab

// The contexts of documents.
const (
	activityStreams = "https://www.w3.org/ns/activitystreams"
	securityV1      = "https://w3id.org/security/v1"
	events          = "https://w3id.org/fep/8a8e"
)

// iriOf defines a term whose value is an IRI.
func iriOf(id string) any { return map[string]any{"@id": id, "@type": "@id"} }

// terms defines those that the contexts do not have, with the prefixes they
// need.
func terms() map[string]map[string]any {
	toot := "http://joinmastodon.org/ns#"
	schema := "http://schema.org#"
	gts := "https://gotosocial.org/ns#"
	all := map[string]map[string]any{
		"Hashtag":                   {"Hashtag": "as:Hashtag"},
		"sensitive":                 {"sensitive": "as:sensitive"},
		"manuallyApprovesFollowers": {"manuallyApprovesFollowers": "as:manuallyApprovesFollowers"},
		"alsoKnownAs":               {"alsoKnownAs": iriOf("as:alsoKnownAs")},
		"movedTo":                   {"movedTo": iriOf("as:movedTo")},
		"discoverable":              {"toot": toot, "discoverable": "toot:discoverable"},
		"indexable":                 {"toot": toot, "indexable": "toot:indexable"},
		"PropertyValue":             {"schema": schema, "PropertyValue": "schema:PropertyValue"},
		"value":                     {"schema": schema, "value": "schema:value"},
		"interactionPolicy":         {"gts": gts, "interactionPolicy": iriOf("gts:interactionPolicy")},
		"canQuote":                  {"gts": gts, "canQuote": iriOf("gts:canQuote")},
		"automaticApproval":         {"gts": gts, "automaticApproval": iriOf("gts:automaticApproval")},
		"interactingObject":         {"gts": gts, "interactingObject": iriOf("gts:interactingObject")},
		"interactionTarget":         {"gts": gts, "interactionTarget": iriOf("gts:interactionTarget")},
		"QuoteAuthorization":        {"QuoteAuthorization": "https://w3id.org/fep/044f#QuoteAuthorization"},
		"QuoteRequest":              {"QuoteRequest": "https://w3id.org/fep/044f#QuoteRequest"},
	}
	for _, name := range []string{"streamStatus", "streamTitle", "streamDescription", "serverName", "streamTags", "directory"} {
		all[name] = map[string]any{"owncast": StreamNamespace, name: "owncast:" + name}
	}
	for _, name := range []string{"logoUrl", "thumbnailUrl"} {
		all[name] = map[string]any{"owncast": StreamNamespace, name: iriOf("owncast:" + name)}
	}
	return all
}

// contextOf is the context of a document: that of ActivityStreams, and what
// the document needs beyond.
func contextOf(doc map[string]any) any {
	used := map[string]bool{}
	collect(doc, used)
	own := map[string]any{}
	for name, definitions := range terms() {
		if !used[name] {
			continue
		}
		for term, is := range definitions {
			own[term] = is
		}
	}
	list := []any{activityStreams}
	if used["publicKey"] {
		list = append(list, securityV1)
	}
	if used["eventStatus"] {
		list = append(list, events)
	}
	if len(own) > 0 {
		list = append(list, own)
	}
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// collect gathers the names of properties and types.
func collect(v any, used map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, e := range v {
			used[name] = true
			if t, ok := e.(string); ok && name == "type" {
				used[t] = true
			}
			collect(e, used)
		}
	case []any:
		for _, e := range v {
			collect(e, used)
		}
	}
}

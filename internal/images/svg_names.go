package images

// svgElementKept tells whether an element does nothing but draw.
func svgElementKept(name string) bool {
	switch name {
	case "svg", "g", "defs", "symbol", "use", "title", "desc", "style",
		"path", "rect", "circle", "ellipse", "line", "polyline", "polygon",
		"text", "tspan", "textPath",
		"linearGradient", "radialGradient", "stop", "pattern", "clipPath", "mask", "marker",
		"filter", "feBlend", "feColorMatrix", "feComposite", "feFlood", "feGaussianBlur", "feMerge", "feMergeNode", "feOffset":
		return true
	}
	return false
}

// svgAttrKept tells whether an attribute does nothing but describe a drawing.
func svgAttrKept(name string) bool {
	switch name {
	case "version", "class", "style", "viewBox", "preserveAspectRatio", "width", "height", "x", "y", "x1", "y1", "x2", "y2",
		"cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "d", "points", "pathLength", "dx", "dy", "rotate", "textLength", "lengthAdjust",
		"startOffset", "transform", "transform-origin", "offset", "gradientUnits", "gradientTransform", "spreadMethod",
		"patternUnits", "patternContentUnits", "patternTransform", "clipPathUnits", "maskUnits", "maskContentUnits", "mask-type",
		"markerWidth", "markerHeight", "markerUnits", "refX", "refY", "orient",
		"filterUnits", "primitiveUnits", "in", "in2", "result", "mode", "type", "values", "operator", "k1", "k2", "k3", "k4", "stdDeviation":
		return true
	case "fill", "fill-opacity", "fill-rule", "stroke", "stroke-width", "stroke-opacity", "stroke-linecap", "stroke-linejoin",
		"stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "opacity", "color", "color-interpolation", "color-interpolation-filters",
		"clip-path", "clip-rule", "mask", "filter", "marker-start", "marker-mid", "marker-end", "display", "visibility", "overflow",
		"stop-color", "stop-opacity", "flood-color", "flood-opacity", "paint-order", "vector-effect", "mix-blend-mode", "isolation",
		"shape-rendering", "text-rendering", "image-rendering", "enable-background",
		"font", "font-family", "font-size", "font-style", "font-weight", "font-stretch", "font-variant", "letter-spacing", "word-spacing",
		"text-anchor", "text-decoration", "dominant-baseline", "alignment-baseline", "baseline-shift", "writing-mode", "direction":
		return true
	}
	return false
}

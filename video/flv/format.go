package flv

// How bodies are written: Adobe's specification, sections E.4.2 and E.4.3,
// and Enhanced RTMP, "Enhanced Audio" and "Enhanced Video".

const (
	videoEnhanced = 0x80 // in the first byte of a video body

	frameKey       = 1
	frameInter     = 2
	frameGenerated = 4 // a keyframe that a server made
	frameCommand   = 5

	videoLegacyAVC  = 7
	videoLegacyHEVC = 12 // never standardized, but sent

	audioLegacyMP3   = 2
	audioEnhanced    = 9
	audioLegacyAAC   = 10
	audioLegacyMP38k = 14
)

// The second byte of legacy AVC and AAC.
const (
	legacySequenceHeader = 0
	legacyFrame          = 1
)

// Packet types of Enhanced RTMP. Those below 4 and ModEx are the same for
// audio and video.
const (
	packetSequenceStart = 0
	packetFrames        = 1
	packetFramesX       = 3 // video only
	packetModEx         = 7

	audioPacketMultitrack = 5
	videoPacketMultitrack = 6
)

// Kinds of Enhanced RTMP multitrack message.
const (
	multitrackOne        = 0
	multitrackManyCodecs = 2
)

// maxNanoOffset is the most a TimestampOffsetNano may say.
const maxNanoOffset = 999_999

// fourCC is four characters, the first in the highest byte.
type fourCC uint32

const (
	fourCCAVC  fourCC = 'a'<<24 | 'v'<<16 | 'c'<<8 | '1'
	fourCCHEVC fourCC = 'h'<<24 | 'v'<<16 | 'c'<<8 | '1'
	fourCCAV1  fourCC = 'a'<<24 | 'v'<<16 | '0'<<8 | '1'
	fourCCAAC  fourCC = 'm'<<24 | 'p'<<16 | '4'<<8 | 'a'
	fourCCOpus fourCC = 'O'<<24 | 'p'<<16 | 'u'<<8 | 's'
	fourCCMP3  fourCC = '.'<<24 | 'm'<<16 | 'p'<<8 | '3'
)

// String returns the four characters, those that cannot be printed as '?'.
func (c fourCC) String() string {
	var s [4]byte
	for i := range s {
		s[i] = byte(c >> (24 - 8*i))
		if s[i] < ' ' || s[i] > '~' {
			s[i] = '?'
		}
	}
	return string(s[:])
}

// videoCodecName names a legacy codec that cannot be packaged.
func videoCodecName(id byte) string {
	switch id {
	case 1:
		return "JPEG"
	case 2:
		return "Sorenson H.263"
	case 3, 6:
		return "Screen Video"
	case 4, 5:
		return "VP6"
	default:
		return "video id " + string("0123456789abcdef"[id&15])
	}
}

// audioCodecName names a legacy codec that cannot be packaged.
func audioCodecName(id byte) string {
	switch id {
	case 0, 3:
		return "PCM"
	case 1:
		return "ADPCM"
	case 4, 5, 6:
		return "Nellymoser"
	case 7:
		return "G.711 A-law"
	case 8:
		return "G.711 mu-law"
	case 11:
		return "Speex"
	default:
		return "audio id " + string("0123456789abcdef"[id&15])
	}
}

func uint24(b []byte) uint32 { return uint32(b[0])<<16 | uint32(b[1])<<8 | uint32(b[2]) }

func int24(b []byte) int32 { return int32(uint24(b)<<8) >> 8 }

func appendUint24(dst []byte, v uint32) []byte {
	return append(dst, byte(v>>16), byte(v>>8), byte(v))
}

func putUint24(b []byte, v uint32) { b[0], b[1], b[2] = byte(v>>16), byte(v>>8), byte(v) }

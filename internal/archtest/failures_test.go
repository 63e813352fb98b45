package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// failure is a way in which servers like this one break, and the tests that
// would notice: "directory TestName" below the module's root, or "TestName" for
// the root itself, and "file.mjs: title" for those in a browser.
type failure struct {
	what  string
	tests []string
}

// mediaFailures are those of the broadcast, from the wire to the player.
func mediaFailures() []failure {
	return []failure{
		{"pictures out of order (B-frames) stop the packager, or their times are made anew", []string{
			"video TestTimelinePresentationTimes", "video/hls TestFragmentsHoldWhatCameIn", "video/hls TestPlayersReadRealBroadcasts",
			"video/flv TestRecordingsOfFFmpegReadAsFFprobeReadsThem",
		}},
		{"timestamps wrap around, or are cut to 24 bits", []string{
			"video/rtmp TestTheClockGoesOnOverWraps", "video/rtmp TestWhatEncodersAndOthersSend",
			"video/rtmp TestWhatAChunkWriterWritesAChunkReaderReads", "video/restream TestAConnectionHasAClockOfItsOwnForDays",
		}},
		{"timestamps jump or go back, or two publishers feed one stream", []string{
			"video TestTimelineJumps", "video TestTimelineKeepsSyncOverJumpsOfBoth", "video TestTimelineHoldsForAnyWire",
			"video/hls TestClocksThatJumpKeepEveryRule", "video/hls TestTracksWithDifferentBasesKeepEveryRule",
			"video/hls TestASecondPublisherNeverFeedsBesideTheFirst",
		}},
		{"a codec configuration is repeated with each key frame, or changes in mid-stream", []string{
			"video/hls TestARepeatedHeaderIsNoDiscontinuityAndAChangedOneIsOne",
			"video/flv TestDecoderKeepsTheTrackWhileTheSequenceHeaderRepeats",
		}},
		{"key frames are rare or irregular, and segments longer than the playlist says", []string{
			"video/hls TestPlaylistsOfSteadyBroadcastsKeepEveryRule", "video/hls TestTheTargetDurationIsThatOfThePlaylist",
			"video TestIngestWarnings",
		}},
		{"sound or picture is missing, comes late, stops or returns", []string{
			"video/hls TestTracksThatComeLateOrGo", "video/hls TestSoundAloneKeepsEveryRule",
			"video/hls TestTheMultivariantPlaylistIsTrue", "video/hls TestTheMultivariantPlaylistOffersWhatThereIs",
		}},
		{"low-latency playlists that only one player takes", []string{
			"video/hls TestPlaylistsOfSteadyBroadcastsKeepEveryRule", "video/hls TestAnUnsteadyCameraKeepsEveryRule",
			"video/hls TestAHintIsThePartThatComesNext", "video/hls TestDeltaUpdatesSkipWhatIsOld",
			"video/hls TestReloadsThatMakeNoSenseAreRefusedAtOnce", "video/hls TestEverythingAPlaylistNamesIsServed",
			"lint.test.mjs: a publisher that comes back leaves one discontinuity, and the end is said",
		}},
		{"a publisher ends without a word, half open, or comes back at once", []string{
			"video/rtmp TestAPublisherThatVanishesIsNoticed", "video/rtmp TestNothingIsLeftOfMany",
			"video TestSessionSurvivesAFlappingPublisher", "video TestCloseTwiceIsOnce", "video TestSecondPublisher",
			"video/hls TestAPublisherThatFlapsStaysOneSession",
			"page.test.mjs: the publisher is lost and comes back, and the page plays on",
		}},
		{"the transcoder is slow, hangs, dies or writes nonsense", []string{
			"video TestATranscoderThatIsTooSlow", "video TestTranscodersThatFail", "video TestATranscoderThatHangsWhenThePublisherHasGone",
			"video TestATranscoderThatDoesNotEndIsLeftAlone", "video/ffmpeg TestAProgramThatDoesNotBehave",
			"video/ffmpeg TestAKilledProcessIsAnError", "video/hls TestADroppedRenditionIsNotFoundUntilItIsBack",
			"ladder.test.mjs: ffmpeg is killed: the source plays on, and the ladder returns",
		}},
		{"viewers stop reading, and somebody waits for them", []string{
			"video/hls TestViewersThatStopReadingHoldUpNobody", "video/hls TestAViewerThatGoesWhileItWaitsLeavesNothing",
			"chat TestWhoNeverReadsIsCutOffAndHoldsUpNobody", "internal/httpx TestAnAnswerThatFailsHalfwayIsCutOff",
		}},
		{"viewers are counted twice, or never leave", []string{
			"TestTheCountFollowsAHundredPlayers", "TestNobodyIsLeftAfterTwoWindows", "internal/stats TestTheCountIsThatOfAModel",
		}},
	}
}

// hostFailures are those of the program and of what it stands on.
func hostFailures() []failure {
	return []failure{
		{"maps and the like are used by several goroutines at once", []string{
			"TestChurn", "TestAppsAreManyInOneProcess", "video/hls TestViewersAndBroadcastsComeAndGoAtOnce",
			"video TestServerUnderACrowd", "webhooks TestChurn", "internal/stats TestManyAtOnce",
		}},
		{"goroutines, sockets and descriptors are left", []string{
			"TestNothingIsLeftOfAHundredAppsAndBroadcasts", "TestNothingIsLeftOfAThousandViewersAndChatters", "TestNewLeavesNothingBehind", "video/rtmp TestNothingIsLeftOfMany",
			"video/ffmpeg TestNothingIsLeft", "video/hls TestMain", "chat TestMain", "TestMain",
		}},
		{"Shutdown is called twice, from anywhere, before or during Start", []string{
			"TestShutdownFromAnywhereAtAnyTime", "TestShutdownCanBeTakenUpAgain", "video TestShutdown", "video/rtmp TestShutdown",
			"internal/keeper TestNothingStartsAfterShutdown",
		}},
		{"the disk is full", []string{
			"TestAFullDiskStopsNobody", "TestAFullDiskIsAProblem", "video/hls TestAFullDiskLeavesTheLiveWindow",
			"repository/bolt TestAFullDiskLosesNothing", "storage/local TestAFullDiskKeepsTheOldObject",
		}},
		{"the object store is down or slow, breaks off, or lies", []string{
			"storage/s3 TestABroadcastOutlivesWhatABucketDoes", "storage/s3 TestAServerThatKeepsNothingIsNotBelieved",
			"storage/s3 TestARequestThatStandsStillIsGivenUp", "storage/s3 TestABrokenDownloadGoesOn",
			"video/hls TestAStorageThatHangsHoldsUpNobody", "video/hls TestViewersAreSentToTheStorageForWhatItHasConfirmed",
			"video/hls TestASlowStorageGetsWhatItCanTake",
		}},
		{"the process is killed", []string{
			"TestAKilledProcessLosesNoMoreThanASegmentOrTwo", "TestAKilledChat",
			"repository/bolt TestAKilledWriterLosesNothingItWasToldIsSaved", "webhooks TestAKilledProcessLosesNothing",
			"video/recording TestNoCrashLeavesHalfARecording",
		}},
		{"two programs use one data directory, or the file is damaged or newer", []string{
			"TestTheSecondAppOnADataDirectoryIsRefused", "repository/bolt TestASecondOpenIsLockedOut",
			"repository/bolt TestDamagedPagesAreErrors", "repository/bolt TestANewerSchemaIsRefused",
		}},
		{"NATS goes away, or loses what it had", []string{
			"repository/jetstream TestNATSGoesAndComesBack", "repository/jetstream TestOpenWithoutNATS",
			"repository/jetstream TestWhatNATSHasLostComesBack", "repository/jetstream TestEveryConfirmedWriteSurvivesTheServer",
		}},
		{"a hook, a filter or a part of the host is slow, hangs or panics", []string{
			"TestHooksThatHangStopNoVideo", "TestHooksOfTheChat", "chat TestAFilterThatHangsStopsNobody",
			"video TestEventsThatPanicChangeNothing", "video TestEventsAreDeliveredOneAtATimeAndShutdownWaitsForThem",
			"video/restream TestAPanicInAnEventIsLogged", "webhooks TestBadReceiversDelayNobodyAndLoseNothing",
		}},
	}
}

// strangersFailures are those that people and servers elsewhere bring about;
// attack_test.go in the root has more of what attackers try.
func strangersFailures() []failure {
	return []failure{
		{"the chat is flooded, by messages, sizes or connections", []string{
			"chat TestOneWhoWritesWithoutLimitsDoesNotSilenceOthers", "chat TestWhoSendsFarTooMuchIsCutOff",
			"chat TestAFrameOfAMegabyte", "chat TestFramesThatAreTooLong", "chat TestWhoTakesNothingForTenSecondsIsCutOff",
			"chat TestACrowdIsCountedAndNotListed", "TestSwitchedOffAndFull",
		}},
		{"deliveries to followers come as a storm, get lost, or are made twice", []string{
			"federation/activitypub TestAStormOfDeliveries", "federation/activitypub/internal/delivery TestAWorkerThatIsShutDownLosesNothing",
			"federation/activitypub/internal/delivery TestADeadHostIsGivenUpAfterAWeek",
			"federation/activitypub/internal/delivery TestAHostThatHasTooMuchIsLeftAlone",
			"federation/activitypub/internal/delivery TestVideoGoesFirst",
			"federation/activitypub TestAnInboxThatIsGoneTakesItsFollowersAlong",
		}},
		{"clocks of other servers differ, and requests come twice", []string{
			"federation/activitypub TestTheClockAndReplays", "federation/activitypub/internal/delivery TestEveryTryIsSignedAnew",
			"federation/activitypub/internal/httpsig TestTheClockIsLookedAt",
			"federation/activitypub/internal/httpsig TestMalformedSignaturesAreErrors",
		}},
		{"a stranger's URL leads into the host's own network (SSRF)", []string{
			"internal/httpx TestOnlyPublicAddressesAreConnectedTo", "internal/httpx TestTheClientRefusesURLsThatAreNotToBeFetched",
			"internal/httpx TestTheClientChecksWhereRedirectsLead", "internal/httpx TestANameThatChangesItsAddressIsNoWayIn",
			"internal/httpx TestTheClientBoundsWhatItReads", "federation/activitypub TestNothingIsFetchedFromPlacesThatAreNotPublic",
			"webhooks/webpush TestStrangersCannotMakeItFetchPrivateAddresses", "internal/archtest TestLibraryCodeHasManners",
		}},
		{"a blocked domain is let in by another spelling or another way", []string{
			"federation/activitypub TestBlockedDomains", "federation TestBlockedDomainsCoverWhatIsBelow",
			"federation/activitypub/internal/delivery TestNothingGoesToBlockedHosts",
		}},
		{"scripts in what people write, in names, pictures and emoji (XSS)", []string{
			"internal/markup TestNoAttackGetsThrough", "internal/images TestNoAttackIsLeftInADrawing", "TestAttacksByPicture",
			"TestThePolicyNamesWhatTheSettingsDo", "internal/web TestNothingInTheSettingsBreaksOutOfThePolicy",
			"attacks.test.mjs: what is said: as it is, as a link, as code, as an emoji, by the server", "attacks.test.mjs: names",
		}},
		{"another site uses the administrator's browser (CSRF), or reads by it (CORS)", []string{
			"TestAttacksFromOtherSites", "TestAnotherSiteReadsNothingOfTheAdministrator", "TestSecretsAreInNoAnswerAndNoLog",
		}},
		{"names lead out of their place (path traversal), or the stream key shows", []string{
			"TestAttacksByPath", "TestAttacksByName", "TestAttacksByStreamName", "TestTheStreamKeyAppearsNowhere",
			"storage/local TestNothingOutsideIsReached", "internal/assets TestNamesOfEmoji",
		}},
		{"bombs: compressed, deep, or without bounds", []string{
			"internal/images TestBombsAreRefusedBeforeTheyGoOff", "internal/httpx TestDeepJSONIsABadRequest", "TestAttacksBySize",
			"federation/activitypub/internal/vocab TestHostileDocumentsAreErrors", "federation/activitypub TestAnswersAreBounded",
			"federation/activitypub TestManyNewFollowersOfOneHostAreSlowedDown", "video/flv TestAMF0ThatCannotBeRead",
		}},
		{"clients send a byte now and then", []string{
			"video/rtmp TestTimeouts", "video/rtmp TestThousandsOfIdleConnectionsTakeLittle", "video/rtmp TestOneAddressCannotWaitForAll",
			"video/rtmp TestHostileClientsDisturbNobody", "TestSlowClientsCostLittleAndAreCutOff", "internal/httpx TestABodyThatDoesNotComeIsNotWaitedFor",
		}},
		{"a redirect leads to another site", []string{
			"TestNoRedirectLeadsOutOfTheMount", "TestAPassphraseOpensTheStream", "federation/activitypub TestRemoteFollowLeadsToTheOtherServer",
		}},
		{"secrets are guessed, or told by time", []string{
			"TestAttackByGuessing", "internal/auth TestOnlyAStoredKeyIsRight", "internal/auth TestNobodyIsInByAGuess",
			"video/rtmp TestGuessingKeysIsSlowAndThenFutile", "video/rtmp TestTheKeyIsNeverLogged",
			"TestAWrongKeyIsRefusedAndNoKeyLetsNobodyIn",
		}},
	}
}

// TestTheTableOfFailuresNamesTests finds rows without a test, and tests that
// have another name by now.
func TestTheTableOfFailuresNamesTests(t *testing.T) {
	known := testNames(t)
	table := append(append(mediaFailures(), hostFailures()...), strangersFailures()...)
	for _, row := range table {
		if len(row.tests) == 0 {
			t.Errorf("nothing tests: %s", row.what)
		}
		for _, name := range row.tests {
			if !known[name] {
				t.Errorf("%s: there is no %s", row.what, name)
			}
		}
	}
	if known["video/hls TestNoSuchTest"] || !known["internal/archtest "+t.Name()] {
		t.Error("names of tests are not read right")
	}
}

// testNames has the tests of the module, as failure names them.
func testNames(t *testing.T) map[string]bool {
	known := map[string]bool{}
	for _, f := range tree(t) {
		for _, fn := range functions(f) {
			if f.test && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				known[strings.TrimPrefix(f.pkg+" "+fn.Name.Name, " ")] = true
			}
		}
	}
	files, err := filepath.Glob(filepath.Join(rootPath, "internal/web/ui/e2e/*.test.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	title := regexp.MustCompile(`(?m)^\s*test\("([^"]+)"`)
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range title.FindAllSubmatch(src, -1) {
			known[filepath.Base(name)+": "+string(m[1])] = true
		}
	}
	return known
}

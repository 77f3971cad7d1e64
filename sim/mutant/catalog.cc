#include "sim/mutant/catalog.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "wal/status.h"

namespace tidelog::sim {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kLoss[] = {"durability", "linearizability", "truncation", "order",
                                      "errors"};
constexpr std::string_view kFence[] = {"fencing", "durability", "linearizability", "order",
                                       "crash"};
constexpr std::string_view kOutcome[] = {"durability", "errors", "linearizability"};
constexpr std::string_view kNoticed[] = {"fencing", "liveness", "errors"};
// A record below a tick that was told turns up behind it.
constexpr std::string_view kTick[] = {"ticks", "order"};
constexpr std::string_view kTickOrder[] = {"ticks", "order", "errors", "durability", "crash"};
constexpr std::string_view kRange[] = {"range", "order", "truncation"};
// What a scan leaves out looks as if it were lost.
constexpr std::string_view kLeftOut[] = {"range", "order", "durability", "ticks",
                                         "linearizability"};
constexpr std::string_view kTruncation[] = {"truncation", "durability", "errors", "range",
                                            "linearizability"};
constexpr std::string_view kStall[] = {"liveness", "visibility"};
// Where the next group never comes, the last is there for its writer's readers only.
constexpr std::string_view kSeenLate[] = {"liveness", "visibility", "durability"};
constexpr std::string_view kDamage[] = {"durability", "errors", "linearizability", "liveness",
                                        "truncation"};
constexpr std::string_view kEarly[] = {"durability", "linearizability", "visibility", "order",
                                       "errors"};
constexpr std::string_view kIds[] = {"order", "durability", "errors", "crash"};
constexpr std::string_view kConfirmed[] = {"last-confirmed", "order", "range"};
constexpr std::string_view kNoEnd[] = {"liveness", "lifetime", "world"};
constexpr std::string_view kLife[] = {"lifetime", "crash"};
constexpr std::string_view kTransaction[] = {"transactions", "errors",         "order",
                                             "durability",   "last-confirmed", "ticks"};
constexpr std::string_view kKeys[] = {"idempotency"};
constexpr std::string_view kFlow[] = {"flow"};
constexpr std::string_view kEndsEarly[] = {"visibility", "range", "order", "durability", "ticks"};
constexpr std::string_view kCut[] = {"durability", "order", "errors", "ticks", "linearizability"};
// Readers find a message that begins twice at one tick, or ticks out of order.
constexpr std::string_view kOldTick[] = {"errors", "order", "ticks", "crash", "liveness"};
// The next open does not find what it has to replay.
constexpr std::string_view kWindow[] = {"idempotency", "errors", "truncation", "liveness"};

// Plans in which disks lie are judged by what is said, not by what is missing then.
constexpr std::string_view kLiesAreNotCounted =
    "in plans with such disks no record is counted as lost; //sim/scenario shows it";

constexpr std::array kAll = {
    MutantEntry{Mutant::kClaimNotSynced, "claim-not-synced",
                "the owner word is not durable before the claimer goes on", "file", Names(kDamage)},
    MutantEntry{Mutant::kTermCheckOffByOne, "term-check-off-by-one",
                "the highest term opens again without a clean close", "file", Names(kFence)},
    MutantEntry{Mutant::kOwnerNeverLooks, "owner-never-looks",
                "an owner does not look at the owner word any more", "file", Names(kFence)},
    MutantEntry{Mutant::kOldOwnerAcknowledges, "old-owner-acknowledges",
                "the owner word is not looked at between a sync and its acknowledgement", "file",
                Names(kFence)},
    MutantEntry{Mutant::kNoClaimManifest, "no-claim-manifest",
                "a takeover reads the boundary without a manifest of its own", "takeover",
                Names(kFence),
                "three owners race, a reader reads and the machine crashes, all between two links "
                "and their sync: too seldom"},
    MutantEntry{Mutant::kNoLastLookAtTerm, "no-last-look-at-term",
                "an open returns though a higher term has claimed meanwhile", "takeover",
                Names(kFence), "the first TimeTick of the open that then goes on meets the fence"},
    MutantEntry{Mutant::kIdleWriterNeverLooks, "idle-writer-never-looks",
                "an idle writer never finds that it is fenced", "file", Names(kNoticed)},
    MutantEntry{Mutant::kSealedByManifest, "sealed-by-manifest",
                "a takeover seals the last segment where its manifest leaves off", "file",
                Names(kLoss)},
    MutantEntry{Mutant::kRecoveryWaitsForItself, "recovery-waits-for-itself",
                "a takeover of an unsealed segment waits for the turn that it has taken", "file",
                Names(kNoEnd)},
    MutantEntry{Mutant::kAckBeforeSync, "ack-before-sync",
                "a group is acknowledged before its sync", "file", Names(kEarly)},
    MutantEntry{Mutant::kFsyncErrorRetried, "fsync-error-retried",
                "a sync that failed is tried again and believed", "file", Names(kLoss)},
    MutantEntry{Mutant::kTailNotSyncedBeforeRead, "tail-not-synced-before-read",
                "a takeover reads the tail without syncing it first", "takeover", Names(kDamage),
                "the sync behind the reading covers what it has read"},
    MutantEntry{Mutant::kTailNotSyncedBeforeSeal, "tail-not-synced-before-seal",
                "a takeover seals what its reading pushed no further than the device's cache",
                "takeover", Names(kDamage),
                "the old owner writes between two operations of the taker, never syncs, and the "
                "machine crashes: too seldom"},
    MutantEntry{Mutant::kTailReadThroughCache, "tail-read-through-cache",
                "a takeover believes the page cache after a failed sync", "file", Names(kDamage)},
    MutantEntry{Mutant::kUnreadTailTakenForNone, "unread-tail-taken-for-none",
                "a takeover that cannot read the tail takes it for empty", "file", Names(kLoss)},
    MutantEntry{Mutant::kWatermarkIgnored, "watermark-ignored",
                "damage below a watermark passes for a torn tail", "hostile", Names(kDamage),
                kLiesAreNotCounted},
    MutantEntry{Mutant::kZerosTakenForEnd, "zeros-taken-for-end",
                "a page of zeros passes for the end of what was written", "hostile", Names(kDamage),
                kLiesAreNotCounted},
    MutantEntry{Mutant::kChecksumTakenForZeros, "checksum-taken-for-zeros",
                "a frame passes for one that nobody wrote where its checksum ends in a zero byte",
                "file", Names(kDamage)},
    MutantEntry{Mutant::kSealNotCompared, "seal-not-compared",
                "good frames that end before a seal pass for all there is", "hostile",
                Names(kDamage), kLiesAreNotCounted},
    MutantEntry{Mutant::kDirectoryNotSynced, "directory-not-synced",
                "a segment is listed before its name is durable", "file", Names(kDamage)},
    MutantEntry{Mutant::kSegmentListedBeforeSynced, "segment-listed-before-synced",
                "a segment is listed before its header is durable", "file", Names(kDamage)},
    MutantEntry{Mutant::kRecycledBeforeDurable, "unlinked-before-durable",
                "truncated segments go before the manifest without them is durable", "file",
                Names(kDamage)},
    MutantEntry{Mutant::kRecycledKeepsIdentity, "recycled-keeps-identity",
                "frames of a file's earlier life pass for frames of this one", "file",
                Names(kDamage), "their chain of groups does not go on from this life's"},
    MutantEntry{Mutant::kManifestNotSynced, "manifest-not-synced",
                "a manifest gets its name before its bytes are durable", "file", Names(kDamage)},
    MutantEntry{Mutant::kManifestNameNotSynced, "manifest-name-not-synced",
                "older manifests go before the name of the new one is durable", "file",
                Names(kDamage)},
    MutantEntry{Mutant::kWatermarkBeforeSync, "watermark-before-sync",
                "a group is written with a watermark that covers the group itself", "file",
                Names(kEarly)},
    MutantEntry{Mutant::kUnknownToldNotDone, "unknown-told-not-done",
                "a fence ends what was handed to storage as not done", "file", Names(kOutcome)},
    MutantEntry{Mutant::kIdsRollBack, "ids-roll-back",
                "a term tells its ids as if the log had begun with it", "file", Names(kIds)},
    MutantEntry{Mutant::kReaderPassesWatermark, "reader-passes-watermark",
                "a reader delivers what may not be durable yet", "file", Names(kEarly)},
    MutantEntry{Mutant::kTruncatedTooFar, "truncated-too-far",
                "a truncation drops one segment too many", "file", Names(kTruncation)},
    MutantEntry{Mutant::kMarkForgotten, "mark-forgotten", "an open forgets the truncation mark",
                "file", Names(kTruncation)},
    MutantEntry{Mutant::kWriterWakesNoReader, "writer-wakes-no-reader",
                "readers at the tail are not told of what is durable", "file", Names(kStall),
                "ticks wake readers as well: they come late, and not never"},
    MutantEntry{Mutant::kReaderStaysInSegment, "reader-stays-in-segment",
                "a reader at the end of a segment never learns that the log goes on in another",
                "file", Names(kStall)},
    MutantEntry{Mutant::kLastGroupWithoutWatermark, "last-group-without-watermark",
                "readers in other processes do not see the last group until the next comes", "file",
                Names(kSeenLate)},
    MutantEntry{Mutant::kDeadlineToldNotDone, "deadline-told-not-done",
                "a deadline after the hand-over ends an append as not done", "log",
                Names(kOutcome)},
    MutantEntry{Mutant::kLastConfirmedTooFar, "last-confirmed-too-far",
                "each message of a batch is told the last one's id as last confirmed", "file",
                Names(kConfirmed)},
    MutantEntry{Mutant::kTickPassesAppend, "tick-passes-append",
                "a tick is told while an append below it is under way", "log", Names(kTick)},
    MutantEntry{Mutant::kUnstoredTickToldStored, "unstored-tick-told-stored",
                "a tick that only this term keeps is told to be stored", "file", Names(kTick)},
    MutantEntry{Mutant::kFirstTickNotAboveStored, "first-tick-not-above-stored",
                "a term's ticks begin at the wall clock, wherever the log stands", "file",
                Names(kTickOrder)},
    MutantEntry{Mutant::kAfterReadAsFrom, "after-read-as-from",
                "a scan after a position delivers what lies at it", "file", Names(kRange)},
    MutantEntry{Mutant::kUntilExclusive, "until-exclusive",
                "a scan until a position ends before it", "file", Names(kLeftOut)},
    MutantEntry{Mutant::kTruncatedStartSkipped, "truncated-start-skipped",
                "a scan that lies before the mark goes on behind it in silence", "file",
                Names(kTruncation)},
    MutantEntry{Mutant::kMessageWithoutVChannelFiltered, "message-without-vchannel-filtered",
                "a scan of a VChannel leaves out what belongs to all", "file", Names(kLeftOut)},
    MutantEntry{Mutant::kScannerReopensAtTail, "scanner-reopens-at-tail",
                "a scanner goes on at the tail when its backend failed for a moment", "log",
                Names(kLeftOut),
                "a backend's scanner repeats what passes by itself (walimpls/scanner.h), so that "
                "none here makes the log open it again"},
    MutantEntry{Mutant::kCloseLeavesTicking, "close-leaves-ticking",
                "the ticks' timer survives the close of its log", "file", Names(kLife)},
    MutantEntry{Mutant::kEvictionSkipsReader, "eviction-skips-reader",
                "a reader whose place in the write-ahead buffer was evicted goes on with what is "
                "left there",
                "file", Names(kLeftOut)},
    MutantEntry{Mutant::kChangeOverSkipsOne, "change-over-skips-one",
                "a reader that changes over to the write-ahead buffer misses its first record",
                "file", Names(kLeftOut)},
    MutantEntry{Mutant::kBufferedBeforeAcknowledged, "buffered-before-acknowledged",
                "readers at the tail are given what is only handed over to storage", "file",
                Names(kEarly)},
    MutantEntry{Mutant::kFailedBodyCountedIn, "failed-body-counted-in",
                "a commit is taken that counts in bodies which are not stored", "transactions",
                Names(kTransaction)},
    MutantEntry{Mutant::kLastConfirmedPastTransaction, "last-confirmed-past-transaction",
                "last-confirmed passes the begin of a transaction that is open", "transactions",
                Names(kTransaction)},
    MutantEntry{Mutant::kLeaseIgnored, "lease-ignored",
                "a writer takes members of a transaction whose lease has run out", "transactions",
                Names(kTransaction)},
    MutantEntry{Mutant::kRolledBackDelivered, "rolled-back-delivered",
                "the last body of a transaction that was rolled back is delivered", "transactions",
                Names(kTransaction)},
    MutantEntry{Mutant::kBodyDeliveredEarly, "body-delivered-early",
                "bodies are delivered before their commit as well", "transactions",
                Names(kTransaction)},
    MutantEntry{Mutant::kRepeatNotWaiting, "repeat-not-waiting",
                "a repeat of an idempotency key does not wait for the append in flight", "keys",
                Names(kKeys)},
    MutantEntry{Mutant::kKeyBeforeAcknowledged, "key-before-acknowledged",
                "an idempotency key is remembered before its append is acknowledged", "keys",
                Names(kKeys)},
    MutantEntry{Mutant::kKeysNotReplayed, "keys-not-replayed",
                "an open does not rebuild the window of idempotency keys", "keys", Names(kKeys)},
    MutantEntry{
        Mutant::kReplayStartIgnored, "replay-start-ignored",
        "a replay begins at the last-confirmed of the newest tick, not at the window's start",
        "keys", Names(kKeys)},
    MutantEntry{Mutant::kTruncatedPastWindow, "truncated-past-window",
                "a truncation removes records that the window of idempotency keys needs", "keys",
                Names(kWindow)},
    MutantEntry{Mutant::kWindowStartWithoutBegin, "window-start-without-begin",
                "a window begins at its oldest key, though a commit's transaction began earlier",
                "keys", Names(kKeys)},
    MutantEntry{Mutant::kControlRefused, "control-refused",
                "flow control takes what controls the log for data", "flow", Names(kFlow)},
    MutantEntry{Mutant::kRecoveryJumps, "recovery-jumps",
                "flow control is normal as soon as what it was for is gone", "flow", Names(kFlow)},
    MutantEntry{Mutant::kPacerForgetsWaiter, "pacer-forgets-waiter",
                "an append that waits for its turn never ends when it is withdrawn", "flow",
                Names(kNoEnd)},
    MutantEntry{Mutant::kCutMessageDelivered, "cut-message-delivered",
                "what is stored of a message that was cut is delivered in place of the next tick",
                "chunks", Names(kCut)},
    MutantEntry{Mutant::kTailInsideRun, "tail-inside-run",
                "a scan to the tail ends at the first chunk of the message there", "chunks",
                Names(kEndsEarly)},
    MutantEntry{Mutant::kRetryKeepsTick, "retry-keeps-tick",
                "what is tried again keeps its tick, though a part of it may be stored", "chunks",
                Names(kOldTick)},
};

}  // namespace

std::span<const MutantEntry> AllMutants() { return kAll; }

const MutantEntry* FindMutant(std::string_view name) {
  for (const MutantEntry& entry : kAll) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

#ifdef TIDELOG_MUTANTS
namespace {
absl::Status SwitchOn(const MutantEntry& entry) {
  SetMutant(entry.mutant);
  return absl::OkStatus();
}
}  // namespace

void UprootMutant() { SetMutant(Mutant::kNone); }
#else
namespace {
absl::Status SwitchOn(const MutantEntry& entry) {
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("mutant ", entry.name, " is not in this program, which was built ",
                               "without mutants: tools/simulate builds one that has them"));
}
}  // namespace

void UprootMutant() {}
#endif

absl::Status PlantMutant(std::string_view name) {
  const MutantEntry* const entry = FindMutant(name);
  if (entry != nullptr) return SwitchOn(*entry);
  std::string names;
  for (const MutantEntry& known : kAll) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", known.name);
  }
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("there is no mutant \"", name, "\": there are ", names));
}

}  // namespace tidelog::sim

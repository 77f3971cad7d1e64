// The rules of the protocol.  Each can be left out, to see what it is for.
#ifndef TIDELOG_IMPLS_FILE_MODEL_RULE_H_
#define TIDELOG_IMPLS_FILE_MODEL_RULE_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

#include "impls/file/model/step.h"

namespace tidelog::impls::file::model {

enum class Rule : uint8_t {
  // The claim.
  kClaimSwaps,
  kClaimSynced,
  kClaimFirst,
  kMarkSwaps,
  // The boundary.
  kClaimManifest,
  kTailReadDirectly,
  kTailSyncedBefore,
  kTailSyncedAfter,
  kTailSyncStartsAgain,
  kOwnSegment,
  // Publishing.
  kLookBeforeLink,
  kSegmentDurable,
  kManifestWhole,
  kManifestDurable,
  kLookAfterSync,
  kLastLook,
  kNumbersGoOn,
  kUnlinkAfterSync,
  kOlderUnlinked,
  // The owner.
  kAckAfterSync,
  kLookBeforeAck,
  kLookAfterGroupSync,
  kWatermarkBehind,
  kFailedSyncPoisons,
  kNotDoneBehindSeal,
  kSpareManifest,
  kSpareBeforeGroups,
  // Sweeping and recycling.
  kSweepLower,
  kSweepLooks,
  kSweepUnlisted,
  kSweepLast,
  kRecycleAfterSync,
  kRecycleOwn,
  kRecycleSound,
  kFramesCarryLife,
  // Readers.
  kReaderKeepsToWatermark,
  kReaderFindsById,
  kReaderAsksManifest,

  kCount,
};

// Copyable and small.
class RuleSet {
 public:
  constexpr RuleSet() = default;
  constexpr RuleSet(std::initializer_list<Rule> rules) {
    for (const Rule rule : rules) Add(rule);
  }
  constexpr void Add(Rule rule) { bits_ |= Bit(rule); }
  constexpr bool Has(Rule rule) const { return (bits_ & Bit(rule)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  static constexpr uint64_t Bit(Rule rule) { return uint64_t{1} << static_cast<int>(rule); }
  uint64_t bits_ = 0;
};
static_assert(static_cast<int>(Rule::kCount) <= 64);

struct RuleInfo {
  Rule rule;
  std::string_view name;      // "claim-swaps"
  std::string_view says;      // "TERM is changed by compare-and-swap"
  std::string_view function;  // That keeps it.
  std::string_view file;
  std::string_view scope;  // Where leaving it out shows.
  Broken shows;            // And as what.
  // Either of the two is enough, in all scopes explored; what shows is that both are left out.
  Rule or_else = Rule::kCount;
  // Leaving it out shows nowhere: it is not needed, as far as this model goes.
  bool redundant = false;
};

// All, in the order of the enum.
std::span<const RuleInfo> Rules();
const RuleInfo& InfoOf(Rule rule);

// What must be left out to see what `rule` is for.
RuleSet CutOf(const RuleInfo& rule);

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_RULE_H_

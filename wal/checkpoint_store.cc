#include "wal/checkpoint_store.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "wal/base/status_macros.h"
#include "wal/status.h"

namespace tidelog {
namespace {

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

auto PlaceOf(std::vector<Checkpoint>& checkpoints, std::string_view name) {
  return std::lower_bound(
      checkpoints.begin(), checkpoints.end(), name,
      [](const Checkpoint& checkpoint, std::string_view n) { return checkpoint.name < n; });
}

// Whether a reader that goes on from `to` reads again what one that goes on from `from` does not.
bool GoesBack(const Position& from, const Position& to) {
  if (to.time_tick < from.time_tick) return true;
  return to.last_confirmed.origin() == from.last_confirmed.origin() &&
         BeforeWithinLog(to.last_confirmed, from.last_confirmed);
}

}  // namespace

absl::Status ValidateCheckpointName(std::string_view name) {
  const bool good = !name.empty() && name.size() <= kCheckpointNameMax && name[0] != '.' &&
                    std::all_of(name.begin(), name.end(), IsNameByte);
  if (good) return absl::OkStatus();
  return WalError(WalErrorCode::kInvalidArgument,
                  absl::StrCat("checkpoint name \"", name.substr(0, kCheckpointNameMax),
                               "\": take 1 to ", kCheckpointNameMax,
                               " bytes of A-Z, a-z, 0-9, dot, underscore and hyphen, with no dot "
                               "in front"));
}

const Checkpoint* CheckpointSet::Find(std::string_view name) const {
  for (const Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.name == name) return &checkpoint;
  }
  return nullptr;
}

absl::Status CheckpointSet::Put(std::string_view name, const Position& position) {
  TIDELOG_RETURN_IF_ERROR(ValidateCheckpointName(name));
  if (!position.last_confirmed.has_value()) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("checkpoint ", name, ": the position has no id"));
  }
  const auto place = PlaceOf(checkpoints, name);
  if (place == checkpoints.end() || place->name != name) {
    if (checkpoints.size() >= kCheckpointsMax) {
      return WalError(WalErrorCode::kResourceExhausted,
                      absl::StrCat("checkpoint ", name, ": the channel has ", kCheckpointsMax,
                                   " of them, and no more are kept; remove one"));
    }
    checkpoints.insert(place, Checkpoint{std::string(name), position, term});
    return absl::OkStatus();
  }
  if (place->term == term && GoesBack(place->position, position)) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("checkpoint ", name, " is at ", place->position.ToString(),
                                 ": within a term it does not go back, to ", position.ToString(),
                                 "; remove it first, if that is meant"));
  }
  place->position = position;
  place->term = term;
  return absl::OkStatus();
}

void CheckpointSet::Remove(std::string_view name) {
  std::erase_if(checkpoints, [name](const Checkpoint& c) { return c.name == name; });
}

absl::Status CheckpointSet::PutChain(std::string_view new_chain) {
  if (new_chain.size() > kCheckpointChainMax) {
    return WalError(WalErrorCode::kInvalidArgument,
                    absl::StrCat("a chain of backends of ", new_chain.size(), " bytes: at most ",
                                 kCheckpointChainMax, " are kept"));
  }
  chain = new_chain;
  return absl::OkStatus();
}

}  // namespace tidelog

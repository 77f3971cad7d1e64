#include "impls/file/model/disk.h"

#include <algorithm>
#include <cstddef>

#include "absl/container/inlined_vector.h"
#include "absl/log/check.h"

namespace tidelog::impls::file::model {

namespace {

using Words = absl::InlinedVector<Word*, 16>;

void AddDirty(Word* word, Words* words) {
  if (word->dirty != 0) words->push_back(word);
}

void AddDirtyOfFile(File* file, Words* words) {
  AddDirty(&file->header, words);
  for (Place& place : file->places) {
    AddDirty(&place.frame, words);
    AddDirty(&place.commit, words);
  }
}

void AddDirtyNames(State* state, Words* words) {
  for (Segment& segment : state->segments) AddDirty(&segment.name, words);
  for (Manifest& manifest : state->manifests) AddDirty(&manifest.name, words);
}

// Each subset of the words that `find` finds in a copy of the state lands.
void ForEachLanding(const State& state, absl::FunctionRef<Words(State*)> find,
                    absl::FunctionRef<void(State*, uint32_t)> then) {
  State copy = state;
  const size_t count = find(&copy).size();
  CHECK_LT(count, 20u) << "too many dirty words to try each subset";
  for (uint32_t landed = 0; landed < uint32_t{1} << count; ++landed) {
    State after = state;
    const Words words = find(&after);
    for (size_t i = 0; i < count; ++i) {
      if ((landed >> i & 1) != 0) words[i]->device = words[i]->cached;
      words[i]->dirty = 0;
    }
    then(&after, landed);
  }
}

template <typename F>
void ForEachWord(State* state, const F& f) {
  f(&state->term);
  for (Segment& segment : state->segments) f(&segment.name);
  for (File& file : state->files) {
    f(&file.header);
    for (Place& place : file.places) {
      f(&place.frame);
      f(&place.commit);
    }
  }
  for (Manifest& manifest : state->manifests) {
    f(&manifest.name);
    f(&manifest.body);
  }
}

}  // namespace

void SyncFile(State* state, uint8_t file) {
  File& synced = state->files[file];
  synced.header.Sync();
  for (Place& place : synced.places) {
    place.frame.Sync();
    place.commit.Sync();
  }
}

void SyncNames(State* state) {
  for (Segment& segment : state->segments) segment.name.Sync();
  for (Manifest& manifest : state->manifests) manifest.name.Sync();
}

void FailSyncOfFile(const State& state, uint8_t file, Then then) {
  const auto find = [file](State* copy) {
    Words words;
    AddDirtyOfFile(&copy->files[file], &words);
    return words;
  };
  ForEachLanding(state, find, [file, &then](State* after, uint32_t landed) {
    ++after->files[file].errors;
    then(*after, landed);
  });
}

void FailSyncOfNames(const State& state, Then then) {
  const auto find = [](State* copy) {
    Words words;
    AddDirtyNames(copy, &words);
    return words;
  };
  ForEachLanding(state, find, [&then](State* after, uint32_t landed) { then(*after, landed); });
}

bool CanLose(const State& state) {
  bool found = false;
  State copy = state;
  ForEachWord(&copy, [&found](const Word* word) { found |= word->cached != word->device; });
  return found;
}

void CrashDisk(const State& state, Then then) {
  const auto find = [](State* copy) {
    Words words;
    ForEachWord(copy, [&words](Word* word) { AddDirty(word, &words); });
    return words;
  };
  ForEachLanding(state, find, [&then](State* after, uint32_t landed) {
    ForEachWord(after, [](Word* word) { word->cached = word->device; });
    then(*after, landed);
  });
}

const Manifest* NewestManifest(const State& state) {
  for (int i = kManifests; i-- > 0;) {
    if (state.manifests[i].name.cached != 0) return &state.manifests[i];
  }
  return nullptr;
}

bool HasManifest(const State& state, uint8_t term, uint8_t number) {
  return std::any_of(std::begin(state.manifests), std::end(state.manifests),
                     [term, number](const Manifest& manifest) {
                       return manifest.name.cached != 0 && manifest.term == term &&
                              manifest.number == number;
                     });
}

void AddManifest(State* state, const Manifest& manifest) {
  int at = 0;
  for (; at < kManifests; ++at) {
    const Manifest& there = state->manifests[at];
    if (!there.name.anywhere()) break;
    const bool later =
        there.term != manifest.term ? there.term > manifest.term : there.number > manifest.number;
    if (later) break;
  }
  CHECK(!state->manifests[kManifests - 1].name.anywhere()) << "kManifests is too small";
  for (int i = kManifests - 1; i > at; --i) state->manifests[i] = state->manifests[i - 1];
  state->manifests[at] = manifest;
}

void Tidy(State* state) {
  int kept = 0;
  for (int i = 0; i < kManifests; ++i) {
    if (!state->manifests[i].name.anywhere()) continue;
    if (i != kept) state->manifests[kept] = state->manifests[i];
    ++kept;
  }
  for (; kept < kManifests; ++kept) state->manifests[kept] = Manifest();
  uint32_t reachable = 0;
  for (const Segment& segment : state->segments) {
    if (segment.name.anywhere()) reachable |= 1u << segment.file;
  }
  for (const Process& process : state->processes) {
    if (process.segment != kNone) reachable |= 1u << state->segments[process.segment].file;
  }
  if (state->reader.segment != kNone) reachable |= 1u << state->reader.file;
  for (int i = 0; i < kSegments; ++i) {
    if ((reachable >> i & 1) == 0) state->files[i] = File();
  }
}

Group ReadGroup(const State& state, uint8_t segment, uint8_t file, int place, Through through,
                bool any_life) {
  const Place& at = state.files[file].places[place];
  const bool cached = through == Through::kCache;
  const uint8_t frame = cached ? at.frame.cached : at.frame.direct();
  const uint8_t commit = cached ? at.commit.cached : at.commit.direct();
  const auto verifies = [segment, any_life](uint8_t word) {
    return word != 0 && (any_life || LifeIn(word) == LifeOf(segment));
  };
  Group group;
  group.committed = verifies(commit);
  group.watermark = group.committed ? WatermarkIn(commit) : 0;
  group.has_record = !group.committed || !HasNoRecord(commit);
  group.good = group.committed && (!group.has_record || verifies(frame));
  if (group.good && group.has_record) group.value = ValueIn(frame);
  return group;
}

Scan ScanSegment(const State& state, uint8_t segment, uint8_t file, bool any_life) {
  Scan scan;
  scan.last = static_cast<uint8_t>(state.segments[segment].base - 1);
  for (int i = 0; i < kPlaces; ++i) {
    const Group group = ReadGroup(state, segment, file, i, Through::kCache, any_life);
    if (!group.good || (group.has_record && scan.last + 1 >= kIds)) break;
    scan.watermark = std::max(scan.watermark, group.watermark);
    if (group.has_record) scan.values[++scan.last] = group.value;
  }
  return scan;
}

const Listed* FindListed(const State& state, const List& list, uint8_t id) {
  const Listed* found = nullptr;
  for (int i = 0; i < list.count; ++i) {
    if (state.segments[list.at[i].segment].base <= id) found = &list.at[i];
  }
  return found;
}

bool Lists(const List& list, uint8_t segment) {
  for (int i = 0; i < list.count; ++i) {
    if (list.at[i].segment == segment) return true;
  }
  return false;
}

uint8_t FreeBlocks(const State& state, uint8_t blocks, bool sparse) {
  int used = 0;
  for (const Manifest& manifest : state.manifests) used += manifest.name.cached;
  for (const Segment& segment : state.segments) {
    if (segment.name.cached == 0) continue;
    ++used;
    if (!sparse) continue;
    for (const Place& place : state.files[segment.file].places) {
      if (place.commit.cached != 0) ++used;
    }
  }
  for (const Process& process : state.processes) used += process.spare + process.private_file;
  return static_cast<uint8_t>(std::max(0, blocks - used));
}

}  // namespace tidelog::impls::file::model

// Explore(): every state that a machine can reach, breadth first, so that what it finds first is
// the shortest way there.
//
// A machine has
//   State, Label                plain bytes; a step's name for people
//   State Initial() const
//   void ForEachNext(const State&, absl::FunctionRef<void(const State&, const Label&)>) const
//                               always in the same order
//   bool IsOver(const State&) const
//                               nothing of interest comes behind it: visited, not gone on from
//
// States are told apart by 64 bits of fingerprint.  Of n states some two are taken for one with a
// probability of n^2 / 2^65: one in ten thousand at sixty million.
#ifndef TIDELOG_IMPLS_FILE_MODEL_EXPLORER_H_
#define TIDELOG_IMPLS_FILE_MODEL_EXPLORER_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "impls/file/model/packed_states.h"

namespace tidelog::impls::file::model {

// Sixteen bytes a step, in two lanes that do not wait for each other: 128-bit products, folded.
inline uint64_t Fingerprint(const void* bytes, size_t size) {
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // Of the golden ratio, and odd.
  const auto fold = [](uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const auto* at = static_cast<const unsigned char*>(bytes);
  uint64_t lanes[2] = {size, ~kMultiplier};
  for (size_t left = size; left > 0;) {
    for (uint64_t& lane : lanes) {
      uint64_t words[2] = {};
      const size_t step = std::min(left, sizeof(words));
      std::memcpy(words, at, step);
      at += step;
      left -= step;
      lane = fold(lane ^ words[0], kMultiplier ^ words[1]) + kMultiplier;
    }
  }
  return fold(lanes[0] ^ kMultiplier, lanes[1]);
}

template <typename Machine>
struct TraceStep {
  typename Machine::State before;
  typename Machine::Label label;
  typename Machine::State after;
};

template <typename Machine>
struct Exploration {
  uint64_t states = 0;
  uint64_t steps = 0;
  int depth = 0;
  bool whole = false;  // There is nothing more to reach.
  // The way to where the visitor said stop; empty: it did not.
  std::vector<TraceStep<Machine>> trace;
};

template <typename Machine>
class Explorer {
 public:
  using State = typename Machine::State;
  using Label = typename Machine::Label;

  explicit Explorer(const Machine& machine) : machine_(machine) {}

  // Calls `visit(state, label, fresh)` for each step there is, in the order of distance from the
  // initial state; `fresh`: its state was not reached before.  Stops when that yields true, or with
  // more than `states_max` states.
  template <typename Visit>
  Exploration<Machine> Run(uint64_t states_max, const Visit& visit) {
    const State initial = machine_.Initial();
    seen_.insert(Fingerprint(&initial, sizeof(initial)));
    Reach(initial, kNoParent, 0);
    while (!next_.empty() && !found_.has_value() && nodes_.size() <= states_max) {
      ++result_.depth;
      const PackedStates<State> level = std::exchange(next_, {});
      level.ForEach([&](const State& from) {
        TakeStepsFrom(from, gone_on_++, visit);
        return !found_.has_value();
      });
    }
    result_.states = nodes_.size();
    result_.whole = next_.empty() && !found_.has_value();
    if (found_.has_value()) result_.trace = TraceTo(*found_);
    return std::move(result_);
  }

 private:
  static constexpr uint32_t kNoParent = UINT32_MAX;
  // How a state was reached first: by which of the steps from where.
  struct Node {
    uint32_t parent;
    uint32_t choice;
  };

  void Reach(const State& state, uint32_t parent, uint32_t choice) {
    next_.Add(state);
    nodes_.push_back({parent, choice});
  }

  template <typename Visit>
  void TakeStepsFrom(const State& from, uint32_t node, const Visit& visit) {
    uint32_t choice = 0;
    machine_.ForEachNext(from, [&](const State& state, const Label& label) {
      const uint32_t chosen = choice++;
      if (found_.has_value()) return;
      ++result_.steps;
      const bool over = machine_.IsOver(state);
      const bool fresh = over || seen_.insert(Fingerprint(&state, sizeof(state))).second;
      if (visit(state, label, fresh)) {
        found_ = Node{node, chosen};
      } else if (fresh && !over) {
        Reach(state, node, chosen);
      }
    });
  }

  // Goes there again, choice by choice.
  std::vector<TraceStep<Machine>> TraceTo(Node last) const {
    std::vector<uint32_t> choices = {last.choice};
    for (uint32_t node = last.parent; nodes_[node].parent != kNoParent;
         node = nodes_[node].parent) {
      choices.push_back(nodes_[node].choice);
    }
    std::vector<TraceStep<Machine>> trace;
    State now = machine_.Initial();
    for (size_t i = choices.size(); i-- > 0;) {
      uint32_t choice = 0;
      machine_.ForEachNext(now, [&](const State& state, const Label& label) {
        if (choice++ == choices[i]) trace.push_back({now, label, state});
      });
      now = trace.back().after;
    }
    return trace;
  }

  const Machine& machine_;
  absl::flat_hash_set<uint64_t> seen_;
  std::vector<Node> nodes_;
  PackedStates<State> next_;  // To go on from: the last ones of nodes_, in their order.
  uint32_t gone_on_ = 0;      // How many nodes there are before them.
  std::optional<Node> found_;
  Exploration<Machine> result_;
};

}  // namespace tidelog::impls::file::model

#endif  // TIDELOG_IMPLS_FILE_MODEL_EXPLORER_H_

#include <span>

#include "sim/check/history.h"
#include "sim/check/testing/cases.h"
#include "sim/check/testing/story.h"

namespace tidelog::sim::check {
namespace {

// The observer of handle 1, of term 1, is told.
Story& Becomes(Story& s, FlowState state) {
  return s.Add(1, 0, Observed{Observed::Kind::kFlowChanged, state, 1});
}

// A log that flow control may slow down.
Story& Owned(Story& s) {
  s.history.contract.flow = true;
  return s.Writer(1, 1);
}

constexpr AnomalyCase kCases[] = {
    {"flow", "refused-control",
     [](Story& s) {
       Becomes(Owned(s), FlowState::kRejecting).IsExclusive(1).Call(1, 1);
       s.Fail(1, Code::kRateLimitRejected).Final();
     },
     [](Story& s) {
       Becomes(Owned(s), FlowState::kRejecting).Call(1, 1).Fail(1, Code::kRateLimitRejected);
       s.Final();
     }},

    {"flow", "refused-while-normal",
     [](Story& s) {
       Becomes(Becomes(Owned(s), FlowState::kRecovering), FlowState::kNormal).Call(1, 1);
       Becomes(s.Fail(1, Code::kRateLimitRejected), FlowState::kSlowed).Final();
     },
     [](Story& s) {
       // It had been slowed down between the call and the answer.
       Owned(s).Call(1, 1);
       Becomes(Becomes(s, FlowState::kSlowed), FlowState::kRecovering);
       Becomes(s, FlowState::kNormal).Fail(1, Code::kRateLimitRejected).Final();
     }},

    {"flow", "taken-while-rejecting",
     [](Story& s) { Becomes(Owned(s), FlowState::kRejecting).Append(1, 1).Final(); },
     [](Story& s) {
       // What is no data, and data that was called for before or answered after.
       Owned(s).Call(1, 1);
       Becomes(s, FlowState::kRejecting).Land(1).Done(1).Exclusive(1, 2).Call(1, 3);
       Becomes(s, FlowState::kRecovering).Land(3).Done(3).Final();
     }},

    {"flow", "sudden-recovery",
     [](Story& s) { Becomes(Becomes(Owned(s), FlowState::kSlowed), FlowState::kNormal).Final(); },
     [](Story& s) {
       Becomes(Becomes(Owned(s), FlowState::kSlowed), FlowState::kRecovering);
       Becomes(s, FlowState::kNormal).Final();
     }},
};

}  // namespace

std::span<const AnomalyCase> FlowCases() { return kCases; }

}  // namespace tidelog::sim::check

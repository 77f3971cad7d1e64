#include "sim/log/object_bucket.h"

#include <utility>

#include "absl/log/log.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "sim/log/manifest.h"

namespace tidelog::sim {
LogReply ObjectBucket::Handle(const LogRequest& request, const LogVerdict& verdict,
                              const LogBreaks& breaks) {
  switch (request.op) {
    case LogOp::kChannels:
      return Channels();
    case LogOp::kGet:
      return Get(request, breaks);
    case LogOp::kPut:
      return Put(request, breaks);
    case LogOp::kListKeys:
      return ListKeys(request, verdict.hide_newest);
    case LogOp::kDeleteBelow:
      return DeleteBelow(request);
    default:
      LOG(FATAL) << "no request to an object store: " << NameOf(request.op);
  }
}

LogReply ObjectBucket::Channels() const {
  LogReply reply;
  for (const auto& [key, object] : objects_) {
    std::string_view channel = key;
    if (absl::ConsumeSuffix(&channel, kManifestSuffix)) reply.keys.emplace_back(channel);
  }
  return reply;
}

LogReply ObjectBucket::Get(const LogRequest& request, const LogBreaks& breaks) const {
  LogReply reply;
  const auto found = objects_.find(request.key);
  if (found == objects_.end()) {
    reply.code = LogCode::kNotFound;
    return reply;
  }
  const Object& object = found->second;
  reply.number = object.version;
  reply.writer = object.writer;
  reply.group = object.group;
  reply.text = object.text;
  const bool drop = breaks.drops_every > 0 && object.group % breaks.drops_every == 1;
  if (!drop) reply.records = object.records;
  return reply;
}

LogReply ObjectBucket::Put(const LogRequest& request, const LogBreaks& breaks) {
  LogReply reply;
  const auto found = objects_.find(request.key);
  const uint64_t version = found == objects_.end() ? 0 : found->second.version;
  if (version != request.version) {
    reply.code = LogCode::kMismatch;
    reply.number = version;
    return reply;
  }
  reply.number = next_version_++;
  // A fence that is not kept: who held the prefix goes on filling it.
  const bool is_fence = request.group == 0 && !absl::EndsWith(request.key, kManifestSuffix);
  if (is_fence && breaks.accepts_stale_terms) return reply;
  Object object = {reply.number, request.writer, request.group, request.text, {}};
  uint64_t number = request.from;
  for (const std::string& bytes : request.records) {
    object.records.push_back(StoredRecord{number++, request.writer, request.group, bytes});
  }
  objects_[request.key] = std::move(object);
  return reply;
}

LogReply ObjectBucket::ListKeys(const LogRequest& request, uint64_t hide_newest) const {
  LogReply reply;
  for (auto at = objects_.lower_bound(request.key);
       at != objects_.end() && absl::StartsWith(at->first, request.key); ++at) {
    reply.keys.push_back(at->first);
  }
  for (uint64_t i = 0; i < hide_newest && !reply.keys.empty(); ++i) reply.keys.pop_back();
  return reply;
}

LogReply ObjectBucket::DeleteBelow(const LogRequest& request) {
  auto at = objects_.lower_bound(request.key);
  while (at != objects_.end() && absl::StartsWith(at->first, request.key) &&
         SlotOfKey(at->first) < request.from) {
    at = objects_.erase(at);
  }
  return LogReply{};
}

}  // namespace tidelog::sim

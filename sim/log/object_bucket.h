// ObjectBucket: a bucket of an object store with conditional puts.
#ifndef TIDELOG_SIM_LOG_OBJECT_BUCKET_H_
#define TIDELOG_SIM_LOG_OBJECT_BUCKET_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "sim/log/log_breaks.h"
#include "sim/log/log_fault.h"
#include "sim/log/protocol.h"

namespace tidelog::sim {

// World memory, plain data.  A put that is answered OK is durable; gets are never stale, lists may
// be.
class ObjectBucket {
 public:
  // A kGet of an object that is not there has kNotFound for a code.
  LogReply Handle(const LogRequest& request, const LogVerdict& verdict, const LogBreaks& breaks);

 private:
  struct Object {
    uint64_t version = 0;
    uint64_t writer = 0;
    uint64_t group = 0;
    std::string text;
    std::vector<StoredRecord> records;
  };

  LogReply Channels() const;
  LogReply Get(const LogRequest& request, const LogBreaks& breaks) const;
  LogReply Put(const LogRequest& request, const LogBreaks& breaks);
  LogReply ListKeys(const LogRequest& request, uint64_t hide_newest) const;
  LogReply DeleteBelow(const LogRequest& request);

  absl::btree_map<std::string, Object> objects_;
  uint64_t next_version_ = 1;
};

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_LOG_OBJECT_BUCKET_H_

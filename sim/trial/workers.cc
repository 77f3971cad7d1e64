#include "sim/trial/workers.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/log/check.h"
#include "sim/trial/child.h"
#include "sim/trial/pipe.h"
#include "sim/world/run.h"

namespace tidelog::sim {
namespace {

constexpr int kWorkersMax = 64;

// A page that all workers share: which seed comes next, and where each of them is.
struct Board {
  std::atomic<uint64_t> taken = 0;  // So many seeds of the range.
  std::atomic<uint64_t> seeds[kWorkersMax] = {};
  std::atomic<bool> busy[kWorkersMax] = {};
};

class SharedBoard {
 public:
  SharedBoard()
      : memory_(mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0)) {
    PCHECK(memory_ != MAP_FAILED) << "mmap";
    board_ = std::construct_at(static_cast<Board*>(memory_));
  }
  SharedBoard(const SharedBoard&) = delete;
  SharedBoard& operator=(const SharedBoard&) = delete;
  ~SharedBoard() { munmap(memory_, sizeof(Board)); }

  Board* operator->() const { return board_; }

 private:
  void* memory_;
  Board* board_;
};

class Pool {
 public:
  Pool(const WorkOptions& options, absl::FunctionRef<RunSummary(uint64_t)> run,
       absl::FunctionRef<bool(const RunSummary&)> done)
      : options_(options), run_(run), done_(done) {
    CHECK(options.worker_count > 0 && options.worker_count <= kWorkersMax) << "workers";
  }

  void Run() {
    workers_.resize(static_cast<size_t>(options_.worker_count));
    for (size_t i = 0; i < workers_.size(); ++i) Start(i);
    while (goes_on_ && WaitForWords()) {
    }
    for (size_t i = 0; i < workers_.size(); ++i) Stop(i);
  }

 private:
  struct Worker {
    pid_t pid = -1;  // -1: it has ended, and nothing is left to do for another.
    std::unique_ptr<Pipe> pipe;
    std::unique_ptr<CapturedErrors> errors;
    std::string heard;  // The beginning of a line.
  };

  void Start(size_t index) {
    Worker& worker = workers_[index];
    worker.pipe = std::make_unique<Pipe>();
    worker.errors = std::make_unique<CapturedErrors>();
    worker.heard.clear();
    std::fflush(nullptr);
    const pid_t parent = getpid();
    worker.pid = fork();
    PCHECK(worker.pid >= 0) << "fork";
    if (worker.pid == 0) {
      EndWith(parent);
      worker.errors->Redirect();
      Work(index);
      _exit(0);
    }
    worker.pipe->CloseWriter();
  }

  // In the child.
  void Work(size_t index) {
    for (;;) {
      const uint64_t taken = board_->taken.fetch_add(1);
      if (taken >= options_.seeds.count()) return;
      const uint64_t seed = options_.seeds.first + taken;
      board_->seeds[index] = seed;
      board_->busy[index] = true;
      WindCpuAlarm();
      const std::string line = ToLine(run_(seed)) + "\n";
      if (!workers_[index].pipe->Write(line)) return;
      board_->busy[index] = false;
    }
  }

  // False when no worker is left.
  bool WaitForWords() {
    std::vector<pollfd> polled;
    std::vector<size_t> indices;
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (workers_[i].pid < 0) continue;
      polled.push_back(pollfd{workers_[i].pipe->reader(), POLLIN, 0});
      indices.push_back(i);
    }
    if (polled.empty()) return false;
    while (poll(polled.data(), polled.size(), -1) < 0) PCHECK(errno == EINTR) << "poll";
    for (size_t i = 0; i < polled.size() && goes_on_; ++i) {
      if (polled[i].revents != 0) Hear(indices[i]);
    }
    return true;
  }

  void Hear(size_t index) {
    Worker& worker = workers_[index];
    if (!worker.pipe->ReadSome(&worker.heard)) return Bury(index);
    size_t begin = 0;
    for (size_t end = worker.heard.find('\n'); goes_on_ && end != std::string::npos;
         end = worker.heard.find('\n', begin)) {
      const std::string_view line = std::string_view(worker.heard).substr(begin, end - begin);
      goes_on_ = done_(SummaryFromLine(line));
      begin = end + 1;
    }
    worker.heard.erase(0, begin);
  }

  // A worker has ended: because nothing is left, or with its seed.
  void Bury(size_t index) {
    Worker& worker = workers_[index];
    const Death death = WaitFor(worker.pid, *worker.errors);
    worker.pid = -1;
    if (!board_->busy[index]) return;
    board_->busy[index] = false;
    goes_on_ = done_(SummaryOfDeath(board_->seeds[index], death));
    if (goes_on_) Start(index);
  }

  void Stop(size_t index) {
    Worker& worker = workers_[index];
    if (worker.pid < 0) return;
    kill(worker.pid, SIGKILL);
    WaitFor(worker.pid, *worker.errors);
    worker.pid = -1;
  }

  const WorkOptions options_;
  const absl::FunctionRef<RunSummary(uint64_t)> run_;
  const absl::FunctionRef<bool(const RunSummary&)> done_;
  const SharedBoard board_;
  std::vector<Worker> workers_;
  bool goes_on_ = true;
};

}  // namespace

void RunSeeds(const WorkOptions& options, absl::FunctionRef<RunSummary(uint64_t)> run,
              absl::FunctionRef<bool(const RunSummary&)> done) {
  Pool(options, run, done).Run();
}

RunSummary SummaryOfDeath(uint64_t seed, const Death& death) {
  RunSummary summary;
  summary.seed = seed;
  summary.verdict.outcome = Outcome::kCrash;
  summary.verdict.signature = SignatureOf(death);
  summary.verdict.message = MessageOf(death);
  summary.signatures = {summary.verdict.signature};
  return summary;
}

}  // namespace tidelog::sim

// What a process and its children have between them: a pipe, and what a child says before it dies.
#ifndef TIDELOG_SIM_TRIAL_PIPE_H_
#define TIDELOG_SIM_TRIAL_PIPE_H_

#include <sys/types.h>

#include <string>
#include <string_view>

#include "sim/trial/death.h"

namespace tidelog::sim {

// A pipe.  Both ends are closed with it.
class Pipe {
 public:
  Pipe();
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe();

  int reader() const { return reader_; }
  // All of it; false if nobody reads any more.
  bool Write(std::string_view text) const;
  // Reads until nobody can write any more.
  std::string ReadAll() const;
  // Appends what is there to `text`, waiting for something; false if nobody can write any more.
  bool ReadSome(std::string* text) const;

  void CloseWriter();

 private:
  int reader_ = -1;
  int writer_ = -1;
};

// Standard error of a child, in memory.
class CapturedErrors {
 public:
  CapturedErrors();
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;
  ~CapturedErrors();

  // In the child: from now on standard error goes here.
  void Redirect() const;
  // In the parent: the end of it.
  std::string Text() const;

 private:
  int fd_ = -1;
};

// Waits until the child has ended.
Death WaitFor(pid_t pid, const CapturedErrors& errors);

}  // namespace tidelog::sim

#endif  // TIDELOG_SIM_TRIAL_PIPE_H_

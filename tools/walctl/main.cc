// walctl: looks at logs and works on them, from the command line.  `walctl --help` is its manual.

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/walctl/append.h"
#include "tools/walctl/checkpoint.h"
#include "tools/walctl/exit_code.h"
#include "tools/walctl/inspect_commands.h"
#include "tools/walctl/read.h"
#include "tools/walctl/repair.h"
#include "tools/walctl/session.h"
#include "tools/walctl/switch.h"
#include "tools/walctl/truncate.h"
#include "tools/walctl/txn.h"

namespace tidelog::walctl {
namespace {

constexpr char kFooter[] = R"(
Examples:
  walctl append --dir /var/lib/tide --channel orders orders.txt   # a line, a message
  journalctl -f | walctl append --dir D --channel journal --json  # prints each id as it is durable
  printf 'begin a\nappend a x\nappend a y\ncommit a\n' | walctl txn --dir D --channel orders
  walctl cat --dir D --channel orders | head
  walctl tail -f --dir D --channel orders --json                  # also beside a live writer
  walctl cat --dir D --channel orders --after "$POSITION"         # goes on where a reader stopped
  walctl info --dir D                                             # every channel of the log
  walctl append --dir D --channel orders --metrics-port 9464      # for Prometheus, while it runs
  walctl metrics --dir D                                          # of the log at rest, as text
  walctl verify --dir D && echo sound
  walctl repair --dir D --channel orders                          # tells; --apply does it
  walctl truncate --dir D --channel orders --through "$POSITION"
  walctl checkpoint --dir D --channel orders set indexer "$POSITION"   # truncate stops there
  walctl switch --dir D --channel orders --to-dir /mnt/larger     # --dir stays D for every command

A position is what `cat --json` prints as "position": ID@TICK.

Exit codes: 0 fine; 1 failed; 2 usage; 3 corrupt; 4 position gone; 5 held by a live writer, or
fenced by a higher term; 130 interrupted, with everything acknowledged kept.
)";

struct Flags {
  LogFlags log;
  WriteFlags write;
  AppendFlags append;
  CatFlags cat;
  TailFlags tail;
  TruncateFlags truncate;
  CheckpointFlags checkpoint;
  TxnFlags txn;
  SwitchFlags switching;
  DumpFlags dump;
  RepairFlags repair;
  bool whole_files = false;
  bool ndjson = false;
};

// What CLI11's own checks say names 300 digits, and they take -1 for a large number.
std::function<std::string(const std::string&)> WholeNumberFrom(int64_t least) {
  return [least](const std::string& text) {
    int64_t number = 0;
    if (absl::SimpleAtoi(text, &number) && number >= least) return std::string();
    return absl::StrCat("'", text, "' is no whole number from ", least, " on");
  };
}

void AddLogFlags(CLI::App* command, Flags* flags, bool needs_channel) {
  command->add_option("--dir", flags->log.directory, "the log's directory")->type_name("DIR");
  CLI::Option* channel =
      command->add_option("--channel", flags->log.channel, "the channel")->type_name("NAME");
  if (needs_channel) channel->required();
  command->add_option("--backend", flags->log.backend, "the backend")->capture_default_str();
  command
      ->add_option("--set", flags->log.settings, "a setting of the backend or the log (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_flag("--json", flags->log.json, "print JSON, an object a line");
}

void AddWriteFlags(CLI::App* command, Flags* flags) {
  command
      ->add_option("--term", flags->write.term, "the term to write under (default: the next free)")
      ->check(WholeNumberFrom(1));
  command->add_flag("--take-over", flags->write.take_over,
                    "fence a live writer instead of refusing");
}

CLI::App* AddAppend(CLI::App* app, Flags* flags) {
  CLI::App* append = app->add_subcommand("append", "append messages, durably");
  AddLogFlags(append, flags, /*needs_channel=*/true);
  AddWriteFlags(append, flags);
  append->add_option("files", flags->append.files, "what to read (default: standard input)")
      ->type_name("FILE");
  CLI::Option* whole = append->add_flag("--whole-files", flags->whole_files,
                                        "each file is a message, not each line");
  append->add_flag("--ndjson", flags->ndjson, "each line is an object as `cat --json` prints it")
      ->excludes(whole);
  append->add_option("--vchannel", flags->append.vchannel, "the messages' VChannel")
      ->type_name("NAME");
  append->add_option("--property", flags->append.properties, "a property of each (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->check([](const std::string& text) {
        const size_t equals = text.find('=');
        return equals == std::string::npos || equals == 0
                   ? "'" + text + "' is not of the form KEY=VALUE"
                   : std::string();
      });
  append->add_flag("--latency", flags->append.latency, "with --json: add latency_us to each");
  append
      ->add_option("--metrics-port", flags->log.metrics_port,
                   "serve metrics on this port of 127.0.0.1 while it runs (0: any that is free)")
      ->type_name("PORT")
      ->check(CLI::Range(0, 65535));
  return append;
}

CLI::App* AddCat(CLI::App* app, Flags* flags) {
  CLI::App* cat = app->add_subcommand("cat", "print messages, a payload and a newline each");
  AddLogFlags(cat, flags, /*needs_channel=*/true);
  CLI::Option* from =
      cat->add_option("--from", flags->cat.from, "start at this position")->type_name("POSITION");
  cat->add_option("--after", flags->cat.after, "start behind this position")
      ->type_name("POSITION")
      ->excludes(from);
  cat->add_option("--limit", flags->cat.limit, "print so many")
      ->type_name("N")
      ->check(WholeNumberFrom(0));
  cat->add_option("--vchannel", flags->cat.vchannel, "only messages of this one")
      ->type_name("NAME");
  cat->add_flag("--gaps", flags->cat.gaps, "go on behind corrupt records, and say what is missing");
  return cat;
}

CLI::App* AddTail(CLI::App* app, Flags* flags) {
  CLI::App* tail = app->add_subcommand("tail", "print the last messages");
  AddLogFlags(tail, flags, /*needs_channel=*/true);
  tail->add_option("-n,--lines", flags->tail.count, "so many")
      ->capture_default_str()
      ->check(WholeNumberFrom(0));
  tail->add_flag("-f,--follow", flags->tail.follow, "and those that are still to come");
  tail->add_option("--vchannel", flags->tail.vchannel, "only messages of this one")
      ->type_name("NAME");
  return tail;
}

CLI::App* AddRepair(CLI::App* app, Flags* flags) {
  CLI::App* repair = app->add_subcommand(
      "repair", "tell what is damaged, what can be kept and what is lost; with --apply, repair it");
  AddLogFlags(repair, flags, /*needs_channel=*/true);
  AddWriteFlags(repair, flags);
  repair->add_flag("--apply", flags->repair.apply,
                   "do it: under a new term, with gaps for what is lost, the old files kept aside");
  repair
      ->add_option("--log-of", flags->repair.log_of,
                   "if TERM is lost: a position of this log, so that readers can go on; or new")
      ->type_name("POSITION");
  return repair;
}

CLI::App* AddCheckpoint(CLI::App* app, Flags* flags) {
  CLI::App* checkpoint = app->add_subcommand(
      "checkpoint", "the places behind which readers go on: list, set NAME POSITION, remove NAME");
  AddLogFlags(checkpoint, flags, /*needs_channel=*/true);
  AddWriteFlags(checkpoint, flags);
  checkpoint->add_option("action", flags->checkpoint.action, "list, set or remove")
      ->capture_default_str()
      ->check(CLI::IsMember({"list", "set", "remove"}));
  checkpoint->add_option("name", flags->checkpoint.name, "of the checkpoint")->type_name("NAME");
  checkpoint->add_option("position", flags->checkpoint.position, "where to set it")
      ->type_name("POSITION");
  return checkpoint;
}

CLI::App* AddTxn(CLI::App* app, Flags* flags) {
  CLI::App* txn = app->add_subcommand(
      "txn",
      "transactions, by a script of lines: begin NAME, append NAME PAYLOAD (NAME -: outside of "
      "all), commit NAME, rollback NAME");
  AddLogFlags(txn, flags, /*needs_channel=*/true);
  AddWriteFlags(txn, flags);
  txn->add_option("files", flags->txn.files, "the script (default: standard input)")
      ->type_name("FILE");
  txn->add_option("--vchannel", flags->txn.vchannel, "the messages' VChannel")->type_name("NAME");
  txn->add_option("--lease", flags->txn.lease, "how long a transaction lives without an append")
      ->type_name("DURATION")
      ->capture_default_str();
  txn->add_flag("--leave-open", flags->txn.leave_open,
                "what is open at the end is left to its lease, and not rolled back");
  return txn;
}

CLI::App* AddSwitch(CLI::App* app, Flags* flags) {
  CLI::App* switching = app->add_subcommand(
      "switch", "go on in another directory: --dir stays where the log is opened and found");
  AddLogFlags(switching, flags, /*needs_channel=*/true);
  AddWriteFlags(switching, flags);
  switching
      ->add_option("--to-dir", flags->switching.to_directory,
                   "a directory that holds no log of this channel")
      ->type_name("DIR")
      ->required();
  return switching;
}

int Main(int argc, char** argv) {
  // A write beyond `ulimit -f` fails, and is told like any other.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kError);
  absl::InitializeLog();
  CLI::App app("walctl: logs of Tidelog, from the command line", "walctl");
  app.require_subcommand(1);
  app.footer(kFooter);
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return std::string("walctl: ") + error.what() + " (see walctl --help)\n";
  });
  Flags flags;
  CLI::App* append = AddAppend(&app, &flags);
  CLI::App* cat = AddCat(&app, &flags);
  CLI::App* tail = AddTail(&app, &flags);
  CLI::App* info = app.add_subcommand("info", "terms, positions, ticks, segments, sizes");
  AddLogFlags(info, &flags, /*needs_channel=*/false);
  CLI::App* metrics =
      app.add_subcommand("metrics", "what `info` knows and the files' size, for Prometheus");
  AddLogFlags(metrics, &flags, /*needs_channel=*/false);
  CLI::App* verify =
      app.add_subcommand("verify", "read every byte, and tell what is torn and what is corrupt");
  AddLogFlags(verify, &flags, /*needs_channel=*/false);
  CLI::App* dump = app.add_subcommand("dump", "print the frames of the files");
  AddLogFlags(dump, &flags, /*needs_channel=*/false);
  dump->add_option("--limit", flags.dump.limit, "print so many")
      ->type_name("N")
      ->check(WholeNumberFrom(0));
  CLI::App* repair = AddRepair(&app, &flags);
  CLI::App* truncate = app.add_subcommand("truncate", "forget old messages");
  AddLogFlags(truncate, &flags, /*needs_channel=*/true);
  AddWriteFlags(truncate, &flags);
  truncate->add_option("--through", flags.truncate.through, "forget up to this position, inclusive")
      ->type_name("POSITION")
      ->required();
  CLI::App* checkpoint = AddCheckpoint(&app, &flags);
  CLI::App* txn = AddTxn(&app, &flags);
  CLI::App* switching = AddSwitch(&app, &flags);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  flags.append.write = flags.truncate.write = flags.repair.write = flags.write;
  flags.checkpoint.write = flags.txn.write = flags.switching.write = flags.write;
  if (flags.whole_files) flags.append.mode = InputMode::kWholeFiles;
  if (flags.ndjson) flags.append.mode = InputMode::kNdjson;
  ExitCode code = ExitCode::kUsage;
  if (append->parsed()) code = RunAppend(flags.log, flags.append);
  if (cat->parsed()) code = RunCat(flags.log, flags.cat);
  if (tail->parsed()) code = RunTail(flags.log, flags.tail);
  if (info->parsed()) code = RunInfo(flags.log);
  if (metrics->parsed()) code = RunMetrics(flags.log);
  if (verify->parsed()) code = RunVerify(flags.log);
  if (dump->parsed()) code = RunDump(flags.log, flags.dump);
  if (repair->parsed()) code = RunRepair(flags.log, flags.repair);
  if (truncate->parsed()) code = RunTruncate(flags.log, flags.truncate);
  if (checkpoint->parsed()) code = RunCheckpoint(flags.log, flags.checkpoint);
  if (txn->parsed()) code = RunTxn(flags.log, flags.txn);
  if (switching->parsed()) code = RunSwitch(flags.log, flags.switching);
  if (std::fflush(stdout) != 0 && code == ExitCode::kFine) code = ExitCode::kFailed;
  return static_cast<int>(code);
}

}  // namespace
}  // namespace tidelog::walctl

int main(int argc, char** argv) { return tidelog::walctl::Main(argc, argv); }

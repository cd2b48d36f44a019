#pragma once

// What the load client is asked to do: `--name value` pairs.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace bench {

enum class Mode { kProduce, kFetch, kTiny, kEndToEnd };

struct Options {
  int port = 0;
  Mode mode = Mode::kProduce;
  std::string topic = "bench";
  int partitions = 1;        // requests go round over them
  int connections = 1;
  int consumers = 1;         // end-to-end only; each has a share of the partitions
  int depth = 1;             // requests in flight on a connection
  double seconds = 1;
  bool slices = false;       // instead of `seconds`: runs as long as each line of standard input says, in ms, until the input ends
  double rate = 0;           // requests a second over all connections; 0: as fast as answers come (closed loop)
  double reportEvery = 0;    // seconds; a line of JSON for each such time
  std::size_t batchBytes = 0;  // one record, the batch exactly so long; what a Fetch asks for
  std::size_t recordBytes = 1024;
  int records = 1;           // in a batch
  std::string batchFile;     // a prepared batch instead, e.g. a compressed one
  std::int16_t acks = 1;
  bool vary = false;         // each Fetch says another time to wait than the one before, so that no server can take it for the same
};

[[noreturn]] inline void usage(const char* what) {
  std::fprintf(stderr,
               "load: %s\n"
               "load --port N --mode produce|fetch|tiny|end-to-end [--topic T] [--partitions N] [--connections N] [--consumers N] [--depth N]\n"
               "     [--seconds S | --slices 1] [--rate REQUESTS_A_SECOND] [--report-every S] [--acks 0|1|-1]\n"
               "     [--vary 1] [--batch-bytes N | --record-bytes N --records N | --batch-file F]\n",
               what);
  std::exit(2);
}

inline Mode parseMode(const std::string& text) {
  if (text == "produce") return Mode::kProduce;
  if (text == "fetch") return Mode::kFetch;
  if (text == "tiny") return Mode::kTiny;
  if (text == "end-to-end") return Mode::kEndToEnd;
  usage("unknown mode");
}

inline Options parseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* const value = argv[i + 1];
    if (name == "--port") options.port = std::atoi(value);
    else if (name == "--mode") options.mode = parseMode(value);
    else if (name == "--topic") options.topic = value;
    else if (name == "--partitions") options.partitions = std::atoi(value);
    else if (name == "--connections") options.connections = std::atoi(value);
    else if (name == "--consumers") options.consumers = std::atoi(value);
    else if (name == "--depth") options.depth = std::atoi(value);
    else if (name == "--seconds") options.seconds = std::atof(value);
    else if (name == "--slices") options.slices = std::atoi(value) != 0;
    else if (name == "--rate") options.rate = std::atof(value);
    else if (name == "--report-every") options.reportEvery = std::atof(value);
    else if (name == "--batch-bytes") options.batchBytes = std::strtoull(value, nullptr, 10);
    else if (name == "--record-bytes") options.recordBytes = std::strtoull(value, nullptr, 10);
    else if (name == "--vary") options.vary = std::atoi(value) != 0;
    else if (name == "--records") options.records = std::atoi(value);
    else if (name == "--batch-file") options.batchFile = value;
    else if (name == "--acks") options.acks = static_cast<std::int16_t>(std::atoi(value));
    else usage(("unknown option " + name).c_str());
  }
  if (argc % 2 == 0) usage("an option has no value");
  const bool inRange = options.port > 0 && options.connections >= 1 && options.connections <= 1000 && options.partitions >= 1 &&
                       options.partitions <= 10000 && options.depth >= 1 && options.records >= 1 && options.seconds > 0 &&
                       options.consumers >= 1 && options.consumers <= options.partitions;
  if (!inRange) usage("port, 1-1000 connections, 1-10000 partitions, depth, records, seconds or consumers out of range");
  if (options.slices && (options.rate > 0 || options.reportEvery > 0 || options.mode == Mode::kEndToEnd)) usage("slices are for closed loops");
  if (options.mode == Mode::kEndToEnd && options.acks == 0) usage("end-to-end needs an acknowledgement to know the record's offset");
  return options;
}

}  // namespace bench

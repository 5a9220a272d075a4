// A sink: its threads, from their start to the sum of what they counted.
#pragma once

#include "load/sink_worker.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace hermetic::load {

class Sink {
public:
    // Listens and works when this returns. options outlives it. Throws std::exception.
    explicit Sink(const SinkOptions& options);
    ~Sink();
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    [[nodiscard]] std::vector<std::string> listeners() const;
    // Until what is expected came, the time is over, or a signal (of open_signals()) ends it.
    // SIGUSR1 writes the result so far to the status file.
    void wait(int signals);
    [[nodiscard]] std::string stop();  // the JSON of the result

private:
    [[nodiscard]] SinkResult sum();
    [[nodiscard]] bool complete() const;

    Poller poller_;
    SinkRun run_;
    ServerCertificate certificate_;
    std::vector<std::unique_ptr<SinkWorker>> workers_;
    std::vector<std::thread> threads_;
};

// `hermetic-load sink`: returns the JSON of the result.
[[nodiscard]] std::string run_sink(const SinkOptions& options, int signals);

}  // namespace hermetic::load

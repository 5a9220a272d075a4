// EventCounter: a subscriber of the stream of events that counts what has ended.
//
// What is a state (sessions open, mail in the queue), or has no event of its own (a handshake), is
// counted where it happens.
#pragma once

#include "events/publisher.h"

namespace hermetic::metrics {

class Metrics;

class EventCounter final : public events::Subscriber {
public:
    explicit EventCounter(Metrics& metrics) : metrics_{metrics} {}  // outlives it
    void take(events::Batch batch) override;

private:
    Metrics& metrics_;
};

}  // namespace hermetic::metrics

// EventCounter: a subscriber of the stream of events that counts what has ended.
//
// What is a state (sessions open, mail in the queue), or has no event of its own (a handshake), is
// counted where it happens.
#pragma once

#include "events/publisher.h"

#include <string_view>

namespace hermetic::metrics {

class Metrics;

class EventCounter final : public events::Subscriber {
public:
    explicit EventCounter(Metrics& metrics) : metrics_{metrics} {}  // outlives it
    void take(events::Batch batch) override;

private:
    Metrics& metrics_;
};

// The series of an outbound connector begin at 0, before its first attempt: increase() does not
// see the first value of a series.
void begin_connector(Metrics& metrics, std::string_view organization, std::string_view connector);

}  // namespace hermetic::metrics

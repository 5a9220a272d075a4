// Lets every client relay, and names the next hop of all mail: 127.0.0.1 at the port in
// config/next_hop. Port 0: the lookup never ends, so that nothing is delivered.
//
// And makes queue files durable, as their author meant: Haraka's stream for them syncs in close(),
// which Node.js has not called since version 14 or so when a stream ends.
'use strict';

const fs = require('node:fs');
const QueueFile = require('./outbound/fsync_writestream');

QueueFile.prototype._destroy = function (error, done) {
    if (error || typeof this.fd !== 'number') {
        fs.WriteStream.prototype._destroy.call(this, error, done);
        return;
    }
    fs.fsync(this.fd, failed => fs.WriteStream.prototype._destroy.call(this, failed, done));
};

exports.register = function () {
    this.next_hop = Number(this.config.get('next_hop'));
};

exports.hook_connect = function (next, connection) {
    connection.relaying = true;
    next();
};

exports.hook_rcpt = function (next) {
    next(OK);
};

exports.hook_get_mx = function (next) {
    if (this.next_hop === 0) return;
    next(OK, { priority: 0, exchange: '127.0.0.1', port: this.next_hop });
};

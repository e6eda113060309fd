import './layout.node.spec.js';
import './timers.node.spec.js';

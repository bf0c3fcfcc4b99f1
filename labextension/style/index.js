import './index.css';
import './discover.css';
import './ownServer.css';

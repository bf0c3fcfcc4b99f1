import './index.css';
import './discover.css';
import './ownServer.css';
import './signIn.css';

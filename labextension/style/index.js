import './index.css';
import './discover.css';
